import Autoencoder
import Layers

extension Configuration {
    /// Those of the variant with its parts; schedules without a length of their own follow the run's, in epochs.
    func phases(_ section: SettingSection) throws -> [String: PhaseSettings] {
        var phases: [String: PhaseSettings] = [:]
        for name in Variant.everyPhase {
            guard phaseNames.contains(name) else {
                try section.absent(name, variant.lack(ofPhase: name))
                continue
            }
            phases[name] = try Self.phase(section.section(name), Self.defaultPhase(name), epochs: epochs)
        }
        try section.finish()
        return phases
    }

    /// `sgd` takes `rate` and `momentum`; `adam` takes `rate`, `beta1`, `beta2`, `epsilon` (defaults of Kingma and Ba, arXiv 1412.6980).
    private static func phase(_ section: SettingSection, _ fallback: PhaseSettings, epochs: Int) throws -> PhaseSettings {
        var phase = fallback
        if try section.choice("optimizer", default: "sgd", among: ["sgd", "adam"]) == "adam" {
            phase.rate = try section.real("rate", default: 0.001, .positive)
            phase.optimizer = .adam(
                beta1: try section.real("beta1", default: 0.9, .fraction),
                beta2: try section.real("beta2", default: 0.999, .fraction),
                epsilon: try section.real("epsilon", default: 1e-8, .positive))
        } else {
            var usual = 0.0
            if case .sgd(let momentum) = fallback.optimizer { usual = momentum }
            phase.rate = try section.real("rate", default: fallback.rate, .positive)
            phase.optimizer = .sgd(momentum: try section.real("momentum", default: usual, .fraction))
        }
        if section.contains("schedule") {
            phase.schedule = try schedule(section.section("schedule"), epochs: epochs)
        } else {
            section.passOver("schedule")
        }
        try section.finish()
        return phase
    }

    /// A cosine's `from` and `to` are epochs, or parts of the run's length such as 2/5, which become epochs here, once: a run's own
    /// `config.yaml` has what they came to, and moving the run's end later moves no rate.
    private static func schedule(_ section: SettingSection, epochs: Int) throws -> Schedule {
        var schedule = Schedule()
        switch try section.choice("kind", default: "steps", among: ["constant", "steps", "cosine"]) {
        case "constant":
            schedule.kind = .constant
        case "cosine":
            let from = try section.epochs("from", default: 0, of: epochs)
            let to = try section.epochs("to", default: Double(epochs), of: epochs)
            guard to > from else {
                throw section.failure(
                    "to", "a cosine that ends at \(to) is impossible, expected more than its from, \(from)",
                    with: ["from"])
            }
            schedule.kind = .cosine(from: from, to: to, after: try section.real("after", default: 0, .amount))
        default:
            let counts = 1...Int(Int32.max)
            let at = try section.integers("at", default: [50, 1000], in: counts, atMost: ConfigurationLimits.scheduleSteps)
            guard zip(at, at.dropFirst()).allSatisfy({ $0 < $1 }) else {
                throw section.failure(
                    "at", "\(at) is impossible, expected epochs that rise", suggestion: "\(Array(Set(at)).sorted())")
            }
            schedule.kind = .steps(at: at, factor: try section.real("factor", default: 0.1, .positive))
        }
        schedule.warmUp = try section.real("warm_up", default: 0, .notNegative)
        try section.finish()
        return schedule
    }
}
