import Runs
import TestSupport
import Testing

@Suite struct JSONTests {
    @Test(
        "A value reads back from its own text",
        arguments: [
            JSON.null, .bool(true), .integer(-9_223_372_036_854_775_808), .unsigned(.max), .real(0.1), .real(-0.0),
            .real(.leastNonzeroMagnitude),
            .real(1.7976931348623157e308), "plain", "quote \" backslash \\ line\nnull\u{0} dot·face\u{1F600}", .array([]), [:],
            ["b": .array([JSON(1), .null]), "a": ["nested": .bool(false)]],
        ])
    func roundTrip(value: JSON) throws {
        #expect(try JSON(parsing: value.text) == value)
    }

    @Test("Objects keep the order of their keys")
    func order() throws {
        #expect(try JSON(parsing: #" { "z" : 1 , "a" : [ 2.5 , "\u00e9\ud83d\ude00\/" ] } "#).text == #"{"z":1,"a":[2.5,"é😀/"]}"#)
    }

    @Test("Characters that end a line or that no YAML holds are written by their number")
    func numbered() throws {
        let text = "\u{7F}\u{81}\u{85}\u{2028}\u{FEFF}\u{FFFF}é"
        #expect(JSON.string(text).text == #""\u007f\u0081\u0085\u2028\ufeff\uffffé""#)
        #expect(try JSON(parsing: JSON.string(text).text) == .string(text))
    }

    @Test("A real that is not finite is written as null")
    func notFinite() {
        #expect(JSON.array([.real(.nan), .real(.infinity)]).text == "[null,null]")
    }

    @Test(
        "What is not JSON is refused with the byte and what should stand there",
        arguments: [
            ("", "a value", 0), ("{", "a quoted text", 1), ("[1,]", "a value", 3), ("01", "a value", 0), ("1.", "a digit", 2),
            ("-", "a value", 0),
            ("1e999", "a number that a 64-bit real can hold", 0), ("\"a", "a closing quotation mark", 2), ("nul", "null", 0),
            ("[1] 2", "the end of the text", 4), ("{\"a\":1,\"a\":2}", "a key other than \"a\", which stood before,", 7),
            ("\"\\x\"", "one of the escapes \" \\ / b f n r t u", 2), ("\"\\ud800\"", "the second half of a surrogate pair", 7),
            ("\"\t\"", "a printable character", 1),
        ])
    func malformed(text: String, expected: String, offset: Int) {
        #expect(sentence { _ = try JSON(parsing: text) } == "The text is not JSON: \(expected) is expected at byte \(offset).")
    }

    @Test("Text that is not UTF-8 is refused")
    func invalidText() {
        #expect(throws: JSONError.self) { try JSON(parsing: [0x22, 0xFF, 0x22]) }
    }

    @Test("Nesting has a limit")
    func depth() throws {
        let deepest = JSON.maximumDepth
        _ = try JSON(parsing: String(repeating: "[", count: deepest) + String(repeating: "]", count: deepest))
        #expect(throws: JSONError.self) { try JSON(parsing: String(repeating: "[", count: 100_000)) }
    }
}

@Suite struct TextTests {
    @Test(
        "The edit distance counts letters that were left out, added, changed or swapped",
        arguments: [
            ("", "", 0), ("rate", "rate", 0), ("rte", "rate", 1), ("raate", "rate", 1), ("rote", "rate", 1), ("arte", "rate", 1),
            ("", "abc", 3),
            ("sitting", "kitten", 3),
        ])
    func distance(first: String, second: String, expected: Int) {
        #expect(NearestName.distance(first, second) == expected)
        #expect(NearestName.distance(second, first) == expected)
    }

    @Test("A name that resembles none has no nearest one")
    func nearest() {
        #expect(NearestName.of("mnst-gaussian2d", among: ["quickstart", "mnist-gaussian-2d"]) == "mnist-gaussian-2d")
        #expect(NearestName.of("Minibatch", among: ["shards", "minibatch"]) == "minibatch")
        #expect(NearestName.of("zebra", among: ["shards", "minibatch"]) == nil)
        #expect(NearestName.of("x", among: ["y"]) == nil)
        #expect(NearestName.of("x", among: []) == nil)
    }

    @Test("A name that goes on where a person stops is near by its beginning, and the last one of several is meant")
    func nearestBeginning() {
        let runs = ["glyphs-1", "quickstart-20260102-030405", "quickstart-20260203-040506"]
        #expect(NearestName.ofBeginning("quickstrat", among: runs) == "quickstart-20260203-040506")
        #expect(NearestName.ofBeginning("quickstart", among: runs) == "quickstart-20260203-040506")
        #expect(NearestName.ofBeginning("quickstart-20260102-030504", among: runs) == "quickstart-20260102-030405")
        #expect(NearestName.ofBeginning("zebra", among: runs) == nil)
        #expect(NearestName.ofBeginning("", among: runs) == nil)
    }

    @Test(
        "Durations are a number and a unit",
        arguments: [
            ("500ms", Duration.milliseconds(500)), ("5s", .seconds(5)), ("10m", .seconds(600)), ("2h", .seconds(7_200)),
            ("0s", .zero),
            ("1.5s", .milliseconds(1_500)),
        ])
    func durations(text: String, expected: Duration) throws {
        #expect(try DurationText.parse(text) == expected)
        #expect(try DurationText.parse(DurationText.text(expected)) == expected)
    }

    @Test(
        "A duration without a unit, without a number or without sense is refused",
        arguments: ["5", "s", "", "-5s", "5 s", "5d", "1e3s", "9999999h", "1.2.3s"])
    func wrongDurations(text: String) {
        #expect(
            sentence { _ = try DurationText.parse(text) }
                == "\"\(text)\" is not a duration: write a number and its unit, as in 500ms, 5s, 10m or 2h.")
    }
}
