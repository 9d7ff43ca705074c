import Kernels

// How an image looks to the networks, and back.

extension TrainingSettings {
    /// The values that networks see of images of bytes, one after the other: 0 to 1, or standardised.
    func values(of bytes: ArraySlice<UInt8>, into values: Slice<Float>) {
        Elementwise.bytesToUnit(bytes, into: values)
        standardisation?.apply(to: values)
    }

    /// Images as networks make them, before the output's nonlinearity, become images of values 0 to 1, in place. A linear output may leave
    /// that range, as it may where nothing is standardised.
    func images(of logits: Slice<Float>) {
        if model.output == .sigmoid { Elementwise.sigmoid(logits, into: logits) }
        standardisation?.undo(in: logits)
    }
}
