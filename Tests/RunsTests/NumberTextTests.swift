import Runs
import Testing

struct NumberTextTests {
    @Test(
        "numbers are told in about four digits, and small ones by a power of ten",
        arguments: [
            (0, "0"), (-0.0, "0"), (1234.5, "1,235"), (-1_234_567, "-1,234,567"), (123.45, "123.5"), (12.345, "12.35"),
            (1.5, "1.500"),
            (0.0123, "0.012"), (0.00677, "0.00677"), (0.0001, "0.00010"), (0.000042, "4.20e-5"), (1e-6, "1.00e-6"),
            (-9.999e-7, "-1.00e-6"),
            (.leastNonzeroMagnitude, "4.94e-324"), (2e17, "2e+17"), (.infinity, "inf"), (-.infinity, "-inf"), (.nan, "nan"),
        ])
    func rounded(_ value: Double, _ text: String) {
        #expect(NumberText.rounded(value) == text)
    }

    @Test("whole numbers stand in groups of three, whatever their size")
    func grouped() {
        #expect(
            [0, 999, 1_000, -12_345, .max, .min].map { (number: Int) in NumberText.grouped(number) } == [
                "0", "999", "1,000", "-12,345", "9,223,372,036,854,775,807", "-9,223,372,036,854,775,808",
            ])
        #expect(NumberText.grouped(-0.4) == "0" && NumberText.grouped(1e18) == "?" && NumberText.percent(0.0195) == "1.950 %")
    }

    @Test(
        "durations have two units",
        arguments: [
            (42, "42s"), (185, "3m05s"), (7_620, "2h07m"), (352_800, "4d02h"), (-3, "0s"),
        ])
    func clock(_ seconds: Int, _ text: String) {
        #expect(NumberText.clock(.seconds(seconds)) == text)
    }
}
