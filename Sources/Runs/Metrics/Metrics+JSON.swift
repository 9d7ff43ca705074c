import Kernels

extension StepMetrics {
    /// The line of `metrics.jsonl`.
    public var json: JSON {
        var members: [JSON.Member] = [
            .init("kind", "step"),
            .init("step", .unsigned(step)),
            .init("epoch", JSON(epoch)),
            .init("seconds", .real(seconds)),
            .init("loss", .object(losses.map { JSON.Member($0.phase, .real($0.value)) })),
        ]
        if !rates.isEmpty { members.append(.init("rates", .object(rates.map { JSON.Member($0.phase, .real($0.value)) }))) }
        members += [
            .init("pixel_error", .real(pixelError)),
            .init("code", ["mean": .real(codeMean), "std": .real(codeStd)]),
            .init("samples_per_second", .real(samplesPerSecond)),
            .init("wire", ["sent": .unsigned(wireSent), "raw": .unsigned(wireRaw), "early": .unsigned(wireEarly)]),
            .init("milliseconds", ["compute": .real(compute), "pack": .real(pack), "wait": .real(wait), "update": .real(update)]),
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

    /// Reads the object of a line; `nil` when a member is missing, of the wrong type, or more than any run comes to. A real that was not finite stands there as `null` and
    /// comes back as NaN.
    init?(_ object: JSON) {
        guard let step = object["step"]?.unsignedValue, let epoch = object["epoch"]?.intValue, let losses = object["loss"]?.members,
            let code = object["code"], let wire = object["wire"], let sent = wire["sent"]?.unsignedValue,
            let raw = wire["raw"]?.unsignedValue,
            let milliseconds = object["milliseconds"], let workers = object["workers"]?.intValue,
            let view = object["view"]?.unsignedValue,
            let chainText = object["chain"]?.stringValue, let chain = UInt64(chainText, radix: 16),
            let seconds = object["seconds"]?.realOrNaN, let pixelError = object["pixel_error"]?.realOrNaN,
            let mean = code["mean"]?.realOrNaN, let std = code["std"]?.realOrNaN,
            let samplesPerSecond = object["samples_per_second"]?.realOrNaN, let compute = milliseconds["compute"]?.realOrNaN,
            let pack = milliseconds["pack"]?.realOrNaN, let wait = milliseconds["wait"]?.realOrNaN,
            let update = milliseconds["update"]?.realOrNaN,
            step <= Plausible.count, (0...Int(Plausible.count)).contains(epoch), view <= Plausible.count
        else { return nil }
        self.init(
            step: step, epoch: epoch, seconds: seconds,
            losses: losses.map { PhaseLoss(phase: $0.key, value: $0.value.realOrNaN ?? .nan) },
            rates: (object["rates"]?.members ?? []).map { PhaseRate(phase: $0.key, value: $0.value.realOrNaN ?? .nan) },
            pixelError: pixelError, codeMean: mean, codeStd: std, samplesPerSecond: samplesPerSecond, wireSent: sent, wireRaw: raw,
            wireEarly: wire["early"]?.unsignedValue ?? 0,
            compute: compute, pack: pack, wait: wait, update: update, clamped: object["clamped"]?.unsignedValue ?? 0,
            repeats: object["repeats"]?.intValue ?? 0, workers: workers,
            view: view, chain: chain)
    }
}

extension EpochMetrics {
    /// The line of `metrics.jsonl`; figures that were not taken are left out.
    public var json: JSON {
        var validation: [JSON.Member] = [
            .init("reconstruction", .real(reconstruction)),
            .init("code", ["mean": .real(codeMean), "std": .real(codeStd)]),
        ]
        if let holes { validation.append(.init("holes", .real(holes))) }
        if let holesZero { validation.append(.init("holes_zero", .real(holesZero))) }
        if let energyDistance { validation.append(.init("energy_distance", .real(energyDistance))) }
        if let energyZero { validation.append(.init("energy_zero", .real(energyZero))) }
        return ["kind": "epoch", "epoch": JSON(epoch), "validation": .object(validation)]
    }

    /// Reads the object of a line; `nil` when a member is missing or of the wrong type.
    init?(_ object: JSON) {
        guard let epoch = object["epoch"]?.intValue, let validation = object["validation"], let code = validation["code"],
            let reconstruction = validation["reconstruction"]?.realOrNaN, let mean = code["mean"]?.realOrNaN,
            let std = code["std"]?.realOrNaN, (0...Int(Plausible.count)).contains(epoch)
        else { return nil }
        self.init(
            epoch: epoch, reconstruction: reconstruction, codeMean: mean, codeStd: std, holes: validation["holes"]?.realOrNaN,
            holesZero: validation["holes_zero"]?.realOrNaN, energyDistance: validation["energy_distance"]?.realOrNaN,
            energyZero: validation["energy_zero"]?.realOrNaN)
    }
}

extension JSON {
    /// A number, or NaN for `null`, which is how a real that is not finite is written.
    var realOrNaN: Double? {
        self == .null ? .nan : doubleValue
    }
}
