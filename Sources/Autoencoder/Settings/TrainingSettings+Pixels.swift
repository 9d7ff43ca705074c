import Kernels

// How an image looks to the networks, and back.

extension TrainingSettings {
    /// Converts the bytes of images, one after the other, to the values that networks see: 0 to 1, or standardised.
    func values(of bytes: ArraySlice<UInt8>, into values: Slice<Float>) {
        Elementwise.bytesToUnit(bytes, into: values)
        standardisation?.apply(to: values)
    }

    /// Converts the networks' logits in place to images of values 0 to 1. A linear output may leave that range, with or without standardisation.
    func images(of logits: Slice<Float>) {
        if model.output == .sigmoid { Elementwise.sigmoid(logits, into: logits) }
        standardisation?.undo(in: logits)
    }
}
