import Kernels

/// The element types by their names in safetensors.
extension ElementType {
    /// `F32`.
    var safetensorsName: String { rawValue.uppercased() }

    init?(safetensorsName name: String) {
        guard let type = Self.allCases.first(where: { $0.safetensorsName == name }) else { return nil }
        self = type
    }
}
