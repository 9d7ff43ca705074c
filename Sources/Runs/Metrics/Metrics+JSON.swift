import Autoencoder
import Kernels

extension StepMetrics {
    /// The line of `metrics.jsonl`.
    public var json: JSON {
        var members: [JSON.Member] = [
            .init("kind", "step"),
            .init("step", .unsigned(step)),
            .init("epoch", JSON(epoch)),
            .init("seconds", .real(seconds)),
            .init("loss", .object(losses.map { JSON.Member($0.name, .real($0.value)) })),
        ]
        let parts = losses.filter { !$0.terms.isEmpty }
        if !parts.isEmpty {
            let terms = parts.map { loss in
                JSON.Member(loss.name, .object(loss.terms.map { JSON.Member($0.name, .real($0.value)) }))
            }
            members.append(.init("terms", .object(terms)))
        }
        if !rates.isEmpty { members.append(.init("rates", .object(rates.map { JSON.Member($0.phase, .real($0.value)) }))) }
        if let pixelError { members.append(.init("pixel_error", .real(pixelError))) }
        if let code { members.append(.init("code", code.json)) }
        if let error { members.append(.init("error", .real(error))) }
        members += [
            .init("samples_per_second", .real(samplesPerSecond)),
            .init("wire", ["sent": .unsigned(wireSent), "raw": .unsigned(wireRaw), "early": .unsigned(wireEarly)]),
            .init(
                "milliseconds",
                [
                    "compute": .real(compute), "pack": .real(pack), "wait": .real(wait), "update": .real(update),
                    "images": .real(images),
                ]),
        ]
        if clamped > 0 { members.append(.init("clamped", .unsigned(clamped))) }
        if repeats > 0 { members.append(.init("repeats", JSON(repeats))) }
        members += [
            .init("workers", JSON(workers)),
            .init("view", .unsigned(view)),
            .init("chain", .string(hexDigits(chain))),
        ]
        return .object(members)
    }

    /// Reads the object of a line; `nil` when a member is missing, of the wrong type, or larger than any run's. A real that was not finite stands
    /// there as `null` and comes back as NaN.
    init?(_ object: JSON) {
        guard let step = object["step"]?.unsignedValue, let epoch = object["epoch"]?.intValue, let losses = object["loss"]?.members,
            let wire = object["wire"], let sent = wire["sent"]?.unsignedValue,
            let raw = wire["raw"]?.unsignedValue,
            let milliseconds = object["milliseconds"], let workers = object["workers"]?.intValue,
            let view = object["view"]?.unsignedValue,
            let chainText = object["chain"]?.stringValue, let chain = UInt64(chainText, radix: 16),
            let seconds = object["seconds"]?.realOrNaN, Self.canBe(object),
            let samplesPerSecond = object["samples_per_second"]?.realOrNaN, let compute = milliseconds["compute"]?.realOrNaN,
            let pack = milliseconds["pack"]?.realOrNaN, let wait = milliseconds["wait"]?.realOrNaN,
            let update = milliseconds["update"]?.realOrNaN,
            step <= Plausible.count, (0...Int(Plausible.count)).contains(epoch), view <= Plausible.count
        else { return nil }
        self.init(
            step: step, epoch: epoch, seconds: seconds,
            losses: losses.map { loss in
                let terms = object["terms"]?[loss.key]?.members ?? []
                return Loss(
                    name: loss.key, value: loss.value.realOrNaN ?? .nan,
                    terms: terms.map { Loss(name: $0.key, value: $0.value.realOrNaN ?? .nan) })
            },
            rates: (object["rates"]?.members ?? []).map { PhaseRate(phase: $0.key, value: $0.value.realOrNaN ?? .nan) },
            pixelError: object["pixel_error"]?.realOrNaN, code: object["code"].flatMap { CodeFigures($0) },
            error: object["error"]?.realOrNaN, samplesPerSecond: samplesPerSecond, wireSent: sent, wireRaw: raw,
            wireEarly: wire["early"]?.unsignedValue ?? 0,
            compute: compute, pack: pack, wait: wait, update: update, images: milliseconds["images"]?.realOrNaN ?? 0,
            clamped: object["clamped"]?.unsignedValue ?? 0,
            repeats: object["repeats"]?.intValue ?? 0, workers: workers,
            view: view, chain: chain)
    }

    /// Whether each member that not every variant has is well formed or absent.
    private static func canBe(_ object: JSON) -> Bool {
        let reals = ["pixel_error", "error"].compactMap { object[$0] }.allSatisfy { $0.realOrNaN != nil }
        return reals && object["code"].map { CodeFigures($0) != nil } ?? true
    }
}

extension CodeFigures {
    var json: JSON { ["mean": .real(mean), "std": .real(std)] }

    init?(_ object: JSON) {
        guard let mean = object["mean"]?.realOrNaN, let std = object["std"]?.realOrNaN else { return nil }
        self.init(mean: mean, std: std)
    }
}

extension JSON {
    /// A number, or NaN for `null`, which is how a real that is not finite is written.
    var realOrNaN: Double? {
        self == .null ? .nan : doubleValue
    }
}
