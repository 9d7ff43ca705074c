import CKernels

/// Elementary functions with the same bits on every CPU, a few units in the last place from the true value.
///
/// libm chooses variants by CPU and version, so replicas cannot use it and agree. The logarithm treats subnormal arguments as zero, and the
/// exponential replaces subnormal results by zero. In `f(x, into: y)` the slices may be the same.
public enum VectorMath {
    public static func exp(_ x: Slice<Float>, into y: Slice<Float>) { map(x, y, ck_exp) }
    public static func log(_ x: Slice<Float>, into y: Slice<Float>) { map(x, y, ck_log) }
    public static func tanh(_ x: Slice<Float>, into y: Slice<Float>) { map(x, y, ck_tanh) }
    /// 1 / (1 + e^−x).
    public static func sigmoid(_ x: Slice<Float>, into y: Slice<Float>) { map(x, y, ck_sigmoid) }
    /// log(1 + e^x).
    public static func softplus(_ x: Slice<Float>, into y: Slice<Float>) { map(x, y, ck_softplus) }
    public static func sin(_ x: Slice<Float>, into y: Slice<Float>) { map(x, y, ck_sin) }
    public static func cos(_ x: Slice<Float>, into y: Slice<Float>) { map(x, y, ck_cos) }

    public static func exp(_ x: Float) -> Float { single(x, ck_exp) }
    public static func log(_ x: Float) -> Float { single(x, ck_log) }
    public static func tanh(_ x: Float) -> Float { single(x, ck_tanh) }
    public static func sigmoid(_ x: Float) -> Float { single(x, ck_sigmoid) }
    public static func softplus(_ x: Float) -> Float { single(x, ck_softplus) }
    public static func sin(_ x: Float) -> Float { single(x, ck_sin) }
    public static func cos(_ x: Float) -> Float { single(x, ck_cos) }

    /// Sine in double precision for |x| below 2^20; for schedules and priors.
    public static func sin(_ x: Double) -> Double { ck_sin_double(x) }
    /// Cosine in double precision for |x| below 2^20.
    public static func cos(_ x: Double) -> Double { ck_cos_double(x) }
    /// e^x in double precision; 0 where it is below e^−708. For densities.
    public static func exp(_ x: Double) -> Double { ck_exp_double(x) }
    /// Natural logarithm in double precision; −∞ for what is smaller than normal, not a number below 0.
    public static func log(_ x: Double) -> Double { ck_log_double(x) }

    private typealias Loop = (UnsafePointer<Float>?, UnsafeMutablePointer<Float>?, Int) -> Void

    private static func map(_ x: Slice<Float>, _ y: Slice<Float>, _ loop: Loop) {
        precondition(x.count == y.count, "Slices differ in length")
        loop(x.base, y.base, x.count)
    }

    private static func single(_ x: Float, _ loop: Loop) -> Float {
        var value = x
        withUnsafeMutablePointer(to: &value) { loop($0, $0, 1) }
        return value
    }
}
