import Autoencoder
import Layers

extension Configuration {
    /// The phases of the variant with its parts. Schedules without a length of their own follow the run's, in epochs.
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
            phase.rate = 0.001
            var (beta1, beta2, epsilon) = (0.9, 0.999, 1e-8)
            try section.real("rate", &phase.rate, .positive)
            try section.real("beta1", &beta1, .fraction)
            try section.real("beta2", &beta2, .fraction)
            try section.real("epsilon", &epsilon, .positive)
            phase.optimizer = .adam(beta1: beta1, beta2: beta2, epsilon: epsilon)
        } else {
            var momentum = 0.0
            if case .sgd(let usual) = fallback.optimizer { momentum = usual }
            try section.real("rate", &phase.rate, .positive)
            try section.real("momentum", &momentum, .fraction)
            phase.optimizer = .sgd(momentum: momentum)
        }
        if section.contains("schedule") {
            phase.schedule = try schedule(section.section("schedule"), epochs: epochs)
        } else {
            section.passOver("schedule")
        }
        try section.finish()
        return phase
    }

    /// A cosine's `from` and `to` are epochs, or parts of the run's length such as 2/5. Parts become epochs here, once: a run's own `config.yaml`
    /// has the epochs, so moving the run's end later changes no rate.
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
            var after = 0.0
            try section.real("after", &after, .amount)
            schedule.kind = .cosine(from: from, to: to, after: after)
        default:
            var (at, factor) = ([50, 1000], 0.1)
            try section.list("at", &at, 1...Int(Int32.max), atMost: ConfigurationLimits.scheduleSteps)
            guard zip(at, at.dropFirst()).allSatisfy({ $0 < $1 }) else {
                throw section.failure(
                    "at", "\(at) is impossible, expected epochs that rise", suggestion: "\(Array(Set(at)).sorted())")
            }
            try section.real("factor", &factor, .positive)
            schedule.kind = .steps(at: at, factor: factor)
        }
        try section.real("warm_up", &schedule.warmUp, .notNegative)
        try section.finish()
        return schedule
    }
}
