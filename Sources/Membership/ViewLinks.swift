/// Which links are an engine's: those it makes, then those that stand. They may be given up at any time, which is how a blocked engine is woken.
package struct ViewLinks<Making: AnyObject, Made> {
    package private(set) var making: Making?
    package private(set) var made: Made?
    /// How often they were given up: a join that came before the last time is stale.
    package private(set) var abandoned = 0

    package init() {}

    /// Links are being made, for a join that came when links had been given up so often.
    ///
    /// - Returns: whether they are still wanted.
    package mutating func begin(_ making: Making, _ abandoned: Int) -> Bool {
        guard abandoned == self.abandoned else { return false }
        self.making = making
        return true
    }

    /// What `making` has made stands.
    ///
    /// - Returns: whether it is still wanted.
    package mutating func stand(_ made: Made, by making: Making) -> Bool {
        guard self.making === making else { return false }
        self.making = nil
        self.made = made
        return true
    }

    /// - Returns: what has to be shut down.
    package mutating func abandon() -> (making: Making?, made: Made?) {
        defer { (making, made, abandoned) = (nil, nil, abandoned + 1) }
        return (making, made)
    }
}
