import Membership

/// Something left out of the simulated program on purpose: a simulation that does not notice it proves nothing.
public enum DroppedInvariant: Int, Sendable, CaseIterable {
    /// Members without shards are not waited for.
    case everyMemberContributes = 1
    /// A member begins a phase before it has applied the one before.
    case phaseAfterPhase
    /// A member applies a phase while the sum of one bucket is still missing.
    case everyBucket
    /// All phases share one sum buffer.
    case ownSumBuffer
    /// A phase needs what the step's first phase has left behind in the same process.
    case coldPhases
    /// An exchange that broke leaves its own exponents behind in the replica.
    case exponentsRestored
    /// The coordinator goes by the position a worker told the time before.
    case freshPositions
    /// Nothing may move for any time though everybody has done its part.
    case exchangeDeadline
    /// A link is to blame only where both its ends say so.
    case oneSidedEvidence
    /// The summation server never stands in for a ring that gets nowhere.
    case standInServer
    /// A worker that brings a state may take any time to say ready.
    case takeUpDeadline
    /// Processes are told apart by host and pid only.
    case processNumbers
    /// A refusal is believed before whoever sent it has proven anything.
    case provenRefusals
    /// Coordinators of equal generations cannot be told apart.
    case generationNames
    /// Every state that a newcomer claims to hold is believed.
    case boundedClaims
    /// Numbers that cannot be are computed with.
    case possibleNumbers
    /// The run ends when one member says that its own end meets everybody.
    case unanimousFarewells
    /// The run stands still for the state of a newcomer as long as it takes.
    case joinLimit
    /// Once asked to stop, the run waits for its links for ever.
    case finishingAlone
    /// A member that says that it works is waited for without end.
    case phaseLimit
    /// A worker that waits for the others' moments within a phase looks as if it owed its own.
    case waitsAreTold
    /// A worker's core loses the images of a step that wait for its engine.
    case parkedImages
    /// It loses reports of its shards' losses.
    case reportsAreTold
    /// A coordinator's core hands a piece of a sum or a state on twice.
    case piecesOnce
    /// It never hands on the last piece.
    case transfersEnd

    /// Takes this one out of the rules by which the real machines judge; the others are left out of the simulated engines and drivers.
    func leave(out rules: inout MembershipRules) {
        switch self {
        case .exchangeDeadline: rules.exchangePatience = Self.ever
        case .oneSidedEvidence: rules.oneSidedEvidence = false
        case .standInServer: rules.serverStandsIn = false
        case .takeUpDeadline: rules.takeUpPatience = Self.ever
        case .boundedClaims: rules.boundsClaims = false
        case .possibleNumbers: rules.checksNumbers = false
        case .unanimousFarewells: rules.farewellsAreUnanimous = false
        case .joinLimit: (rules.joinPatience, rules.joinEstimate) = (Self.ever, Self.ever)
        case .finishingAlone: rules.stopPatience = Self.ever
        case .phaseLimit: rules.phasePatience = Self.ever
        case .everyMemberContributes, .phaseAfterPhase, .everyBucket, .ownSumBuffer, .coldPhases, .exponentsRestored,
            .freshPositions,
            .processNumbers, .provenRefusals, .generationNames, .waitsAreTold, .parkedImages, .reportsAreTold, .piecesOnce,
            .transfersEnd:
            break
        }
    }

    private static let ever: Duration = .seconds(1_000_000)

    /// The engines or the shells themselves are made wrong, so that what they do wrong is no finding by itself.
    var isOfEngines: Bool { rawValue <= Self.freshPositions.rawValue }
}
