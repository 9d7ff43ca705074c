/// The limits by which the coordinator's machine judges. Every run uses the defaults; the simulation removes one at a time to see that
/// it is missed.
public struct MembershipRules: Sendable, Equatable {
    /// How long nothing may move while every member has done its part and none can go on: longer than a packet lost twice.
    public var exchangePatience: Duration = .seconds(6)
    /// The word of one end of a link counts; false: only what both ends say.
    public var oneSidedEvidence = true
    /// The summation server stands in for a ring that gets nowhere.
    public var serverStandsIn = true
    /// States that newcomers claim to hold are believed only where they can be true.
    public var boundsClaims = true
    /// A peer that sends an impossible number is expelled.
    public var checksNumbers = true
    /// A farewell that is said to be common ends the run when every member says it.
    public var farewellsAreUnanimous = true
    /// How long no phase may be finished while others wait for a worker that says that it works; or sixteen times as long as any phase took.
    public var phasePatience: Duration = .seconds(600)
    /// How often a pair may fail each other before it is not made neighbours again.
    public var pairPatience = 2
    /// Views without a finished phase before the ring gives way to the summation server.
    public var barrenViews = 2
    /// For so long a new order of the ring gets twice `barrenViews`: a dial that times out takes a quarter of the time a run may stand.
    public var orderPatience: Duration = .seconds(8)
    /// How long a worker that brings a state may take to say ready: it has only to take up the welcome.
    public var takeUpPatience: Duration = .seconds(20)
    /// A welcomed newcomer beats every second. After so long without a word, its end counts as a sign that large messages to it are lost.
    public var welcomePatience: Duration = .seconds(6)
    /// How often that may happen before such a process is no longer taken in.
    public var welcomes = 2
    /// Building a replica and probing its products: how long without a sign of work.
    public var preparation: Duration = .seconds(120)
    /// How long the run stands still for the state of a newcomer.
    public var joinPatience: Duration = .seconds(10)
    /// After so long the time that a newcomer's state will take can be estimated.
    public var joinEstimate: Duration = .seconds(2)
    /// A source may have sent so many bytes more than have come in at a newcomer, and still counts as the slow side.
    public var sourceSlack: UInt64 = 1 << 20
    /// A copy of the state that takes longer than this comes over a slow uplink: the next is asked of another member.
    public var copyPatience: Duration = .seconds(10)
    /// After so long it is said that the end of the run waits for the last state.
    public var endPatience: Duration = .seconds(3)
    /// Once asked to stop: how long nothing may be finished before one worker finishes the step alone.
    public var stopPatience: Duration = .milliseconds(2200)
    /// How long whoever is to finish alone waits for the others to say where they stand: one of them may be further.
    public var lonePatience: Duration = .seconds(1)
    /// How long the other members have to say the same, when one says that all of them meet what ends it.
    public var resignationPatience: Duration = .seconds(5)
    /// How long the summation server stands in for the ring before the ring is tried again; doubles up to an hour.
    public var ringRetry: Duration = .seconds(300)

    public init() {}
}
