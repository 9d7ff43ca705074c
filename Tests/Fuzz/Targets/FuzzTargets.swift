/// Every parser that reads bytes from a socket or a file. The libFuzzer driver and `make test` both go by this list:
/// a new parser gets a target, and the target a line here.
public enum FuzzTargets {
    public static let all: [FuzzTarget] = [
        // Sockets.
        .controlFrames, .controlMessages, .linkHello, .linkAnswer, .gradientFrame, .gradientPayload, .zstd,
        // Files of a run.
        .safetensors, .manifest, .json, .metrics, .stepsLog, .generation, .configuration,
        // Files of a data set.
        .idxImages, .idxLabels, .npy, .npz, .mat, .png, .jpeg,
        // What is typed.
        .typedSetting, .hostPort, .hostFile, .duration,
    ]

    public static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }
}
