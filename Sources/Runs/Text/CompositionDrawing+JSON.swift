import Autoencoder

/// A composition for scripts. Later versions may add keys, but none changes its meaning.
///
/// | key | what |
/// |---|---|
/// | `variant` | its name |
/// | `networks` | a list of `name`, `widths` (inputs, hidden, outputs), `parameters`, `details` (texts: norms, dropout) |
/// | `heads` | what the encoder's last layer is cut into: `name`, `width`, `kind` (`softmax`, or the posterior) |
/// | `flows` | ways through the model: `name`, `parts` (texts) |
/// | `adversaries` | `name`, `real`, `fake`, `details` (texts) |
/// | `phases` | in the order of a step: `name`, `stream` (`images`, `labelled`), `minibatch`, `changes` (networks), `losses` (texts), `exchanges` |
/// | `parameters`, `exchanges` | of all networks, of a step |
extension CompositionDrawing {
    public var json: JSON {
        .object([
            .init("variant", .string(variant.rawValue)), .init("parameters", JSON(parameters)), .init("exchanges", JSON(exchanges)),
            .init("networks", .array(networks.map(\.json))), .init("heads", .array(heads.map(\.json))),
            .init("flows", .array(flows.map { ["name": .string($0.name), "parts": .texts($0.parts)] })),
            .init("adversaries", .array(adversaries.map(\.json))), .init("phases", .array(phases.map(\.json))),
        ])
    }
}

extension CompositionDrawing.Network {
    fileprivate var json: JSON {
        [
            "name": .string(name), "widths": .array(widths.map { JSON($0) }), "parameters": JSON(parameters),
            "details": .texts(details),
        ]
    }
}

extension CompositionDrawing.Head {
    fileprivate var json: JSON { ["name": .string(name), "width": JSON(width), "kind": .string(kind)] }
}

extension CompositionDrawing.Adversary {
    fileprivate var json: JSON {
        ["name": .string(name), "real": .string(real), "fake": .string(fake), "details": .texts(details)]
    }
}

extension CompositionDrawing.Phase {
    fileprivate var json: JSON {
        [
            "name": .string(name), "stream": .string(stream == .images ? "images" : "labelled"), "minibatch": JSON(minibatch),
            "changes": .texts(changes), "losses": .texts(terms), "exchanges": JSON(exchanges),
        ]
    }
}

extension JSON {
    fileprivate static func texts(_ texts: [String]) -> JSON { .array(texts.map { .string($0) }) }
}
