import Autoencoder
import Datasets
import Layers

extension Configuration {
    /// The configuration as a tree, every key in the order of a recipe: what is written, compared and hashed.
    var settings: Setting {
        .mapping([
            "name": .text(name),
            "data": Self.settings(of: data),
            "minibatch": .integer(minibatch),
            "shards": .integer(shards),
            "epochs": .integer(epochs),
            "steps": .integer(steps),
            "seed": .plain(String(seed)),
            "threads": .integer(threads),
            "model": .mapping([
                "encoder": .list(model.encoder.map(Setting.integer)),
                "decoder": .list(model.decoder.map(Setting.integer)),
                "discriminator": .list(model.discriminator.map(Setting.integer)),
                "code": .integer(model.code),
                "output": .text(model.output.rawValue),
                "initialisation": .text(model.initialisation.rawValue),
            ]),
            "cost": .text(cost.rawValue),
            "prior": Self.settings(of: prior),
            "noise": .mapping(["input": .real(inputNoise)]),
            "phases": Setting(
                content: .mapping(
                    phaseNames.compactMap { name in
                        phases[name].map { Setting.Entry(key: name, keyOrigin: .program, value: Self.settings(of: $0)) }
                    }), origin: .program),
            "average": .real(average),
            "gradient_bits": Self.settings(of: gradientBits),
            "kernel": .text(kernel),
            "checkpoint": .mapping([
                "every_steps": .integer(checkpoint.everySteps),
                "every_seconds": .real(checkpoint.everySeconds),
                "every_epochs": .integer(checkpoint.everyEpochs),
                "keep": .integer(checkpoint.keep),
                "keep_every_epochs": .integer(checkpoint.keepEveryEpochs),
            ]),
            "evaluate": .mapping(["every_epochs": .integer(evaluate.everyEpochs)]),
            "figures": .mapping([
                "every_epochs": .integer(figures.everyEpochs),
                "keep": .integer(figures.keep),
                "keep_every_epochs": .integer(figures.keepEveryEpochs),
            ]),
        ])
    }

    private static func settings(of data: DataSettings) -> Setting {
        var entries: [(String, Setting)] = [
            ("set", .text(data.set)), ("train", settings(of: data.train)), ("validation", settings(of: data.validation)),
        ]
        let files = [
            ("images", data.images), ("labels", data.labels), ("test_images", data.testImages), ("test_labels", data.testLabels),
            ("file", data.file), ("folder", data.folder),
        ]
        entries += files.compactMap { key, file in file.map { (key, .text($0)) } }
        return Setting(
            content: .mapping(entries.map { Setting.Entry(key: $0.0, keyOrigin: .program, value: $0.1) }), origin: .program)
    }

    /// A size that the data has yet to say.
    private static func settings(of size: Int?) -> Setting { size.map(Setting.integer) ?? .text("auto") }

    private static func settings(of prior: PriorSettings) -> Setting {
        let writer = SettingWriter(kind: prior.kind)
        var prior = prior
        do { try prior.visit(writer) } catch { preconditionFailure("a writer refuses nothing") }
        return writer.mapping
    }

    private static func settings(of phase: PhaseSettings) -> Setting {
        switch phase.optimizer {
        case .sgd(let momentum):
            .mapping([
                "optimizer": .text("sgd"), "rate": .real(phase.rate), "momentum": .real(momentum),
                "schedule": settings(of: phase.schedule),
            ])
        case .adam(let beta1, let beta2, let epsilon):
            .mapping([
                "optimizer": .text("adam"), "rate": .real(phase.rate), "beta1": .real(beta1), "beta2": .real(beta2),
                "epsilon": .real(epsilon),
                "schedule": settings(of: phase.schedule),
            ])
        }
    }

    private static func settings(of schedule: Schedule) -> Setting {
        switch schedule.kind {
        case .constant:
            .mapping(["kind": .text("constant"), "warm_up": .real(schedule.warmUp)])
        case .steps(let at, let factor):
            .mapping([
                "kind": .text("steps"), "at": .list(at.map(Setting.integer)), "factor": .real(factor),
                "warm_up": .real(schedule.warmUp),
            ])
        // The same text as ever where nothing is held: it is part of the run's identity.
        case .cosine(let from, let to, after: 0):
            .mapping(["kind": .text("cosine"), "from": .real(from), "to": .real(to), "warm_up": .real(schedule.warmUp)])
        case .cosine(let from, let to, let after):
            .mapping([
                "kind": .text("cosine"), "from": .real(from), "to": .real(to), "after": .real(after),
                "warm_up": .real(schedule.warmUp),
            ])
        }
    }

    private static func settings(of bits: GradientBits) -> Setting {
        switch bits {
        case .full: .text("full")
        case .bits(let count): .integer(count)
        }
    }
}
