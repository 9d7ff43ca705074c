import Autoencoder
import Evaluation

extension EpochMetrics {
    /// The line of `metrics.jsonl`; figures that were not taken are left out.
    public var json: JSON { ["kind": "epoch", "epoch": JSON(epoch), "validation": .object(validation)] }

    /// The figures by the names of deploy/metrics.md.
    var validation: [JSON.Member] {
        let common: [(String, JSON?)] = [
            ("reconstruction", reconstruction.map { .real($0) }), ("code", code?.json), ("holes", holes.map { .real($0) }),
            ("holes_zero", holesZero.map { .real($0) }), ("energy_distance", energyDistance.map { .real($0) }),
            ("energy_zero", energyZero.map { .real($0) }), ("samples", sampleFigures),
        ]
        let own: [(String, JSON?)] = [
            ("classification", classificationError.map { ["error": .real($0)] }), ("clustering", clustering?.json),
            ("nearest_component", nearestComponent.map { ["error": .real($0.error), "floor": .real($0.floor)] }),
            ("elbo", lowerBound?.json),
        ]
        return (common + own).compactMap { name, value in value.map { JSON.Member(name, $0) } }
    }

    /// `samples`: their pixels, and how well they stand for held-out images.
    private var sampleFigures: JSON? {
        let members = (samples?.json.members ?? []) + (sampleMatch?.json.members ?? [])
        return members.isEmpty ? nil : .object(members)
    }

    /// The same numbers with their paths, `code/mean`, as TensorBoard names them.
    var scalars: [(path: String, value: Double)] {
        func scalars(_ members: [JSON.Member], _ prefix: String) -> [(path: String, value: Double)] {
            members.flatMap { member -> [(path: String, value: Double)] in
                if let inner = member.value.members { return scalars(inner, prefix + member.key + "/") }
                return member.value.stringValue == nil ? [(prefix + member.key, member.value.realOrNaN ?? .nan)] : []
            }
        }
        return scalars(validation, "")
    }

    /// Reads the object of a line; `nil` when a member is missing or of the wrong type.
    init?(_ object: JSON) {
        guard let epoch = object["epoch"]?.intValue, let validation = object["validation"], validation.members != nil,
            (0...Int(Plausible.count)).contains(epoch)
        else { return nil }
        let reals = ["reconstruction", "holes", "holes_zero", "energy_distance", "energy_zero"]
        let values = reals.map { validation[$0]?.realOrNaN }
        guard zip(reals, values).allSatisfy({ validation[$0] == nil || $1 != nil }) else { return nil }
        self.init(
            epoch: epoch, reconstruction: values[0], holes: values[1], holesZero: values[2], energyDistance: values[3],
            energyZero: values[4])
        guard read(validation, "code", into: \.code, CodeFigures.init),
            read(validation, "samples", into: \.samples, CodeFigures.init),
            validation["samples"]?["explained"] == nil || read(validation, "samples", into: \.sampleMatch, SampleMatch.init),
            read(validation, "classification", into: \.classificationError, { $0["error"]?.realOrNaN }),
            read(validation, "clustering", into: \.clustering, Clustering.init),
            read(validation, "nearest_component", into: \.nearestComponent, NearestComponent.init),
            read(validation, "elbo", into: \.lowerBound, LowerBound.init)
        else { return nil }
        // A line without a known figure does not count.
        guard !self.validation.isEmpty else { return nil }
    }

    /// Reads a member where it is there; false where it is malformed.
    private mutating func read<Value>(
        _ object: JSON, _ name: String, into path: WritableKeyPath<EpochMetrics, Value?>, _ make: (JSON) -> Value?
    ) -> Bool {
        guard let member = object[name] else { return true }
        self[keyPath: path] = make(member)
        return self[keyPath: path] != nil
    }
}

extension EpochMetrics.Clustering {
    var json: JSON {
        let majority = majority.map { [JSON.Member("majority", .real($0))] } ?? []
        return .object(majority + [.init("empty", JSON(empty)), .init("entropy", .real(entropy))])
    }

    init?(_ object: JSON) {
        guard let empty = object["empty"]?.intValue, let entropy = object["entropy"]?.realOrNaN,
            object["majority"] == nil || object["majority"]?.realOrNaN != nil
        else { return nil }
        self.init(majority: object["majority"]?.realOrNaN, empty: empty, entropy: entropy)
    }
}

extension SampleMatch {
    var json: JSON {
        ["explained": .real(explained), "explained_images": .real(byImages), "explained_noise": .real(byNoise)]
    }

    init?(_ object: JSON) {
        guard let explained = object["explained"]?.realOrNaN, let images = object["explained_images"]?.realOrNaN,
            let noise = object["explained_noise"]?.realOrNaN
        else { return nil }
        self.init(explained: explained, byImages: images, byNoise: noise)
    }
}

extension NearestComponent {
    init?(_ object: JSON) {
        guard let error = object["error"]?.realOrNaN, let floor = object["floor"]?.realOrNaN else { return nil }
        self.init(error: error, floor: floor)
    }
}

extension LowerBound {
    /// `nats` is `entropy` − `cross_entropy` − `reconstruction`, whose cost `cost` names.
    var json: JSON {
        [
            "nats": .real(total), "reconstruction": .real(reconstruction), "entropy": .real(entropy),
            "cross_entropy": .real(crossEntropy), "cost": .string(cost.rawValue),
        ]
    }

    init?(_ object: JSON) {
        guard let reconstruction = object["reconstruction"]?.realOrNaN, let entropy = object["entropy"]?.realOrNaN,
            let crossEntropy = object["cross_entropy"]?.realOrNaN, let cost = object["cost"]?.stringValue.flatMap(Cost.init)
        else { return nil }
        self.init(reconstruction: reconstruction, entropy: entropy, crossEntropy: crossEntropy, cost: cost)
    }
}
