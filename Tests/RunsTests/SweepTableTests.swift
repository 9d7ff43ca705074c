import Foundation
import Runs
import TestSupport
import Testing

/// The figures of several seeds beside each other, from metrics files whose numbers can be checked by hand.
@Suite struct SweepTableTests {
    let scratch = Scratch()

    /// A row of a run whose last epoch's line has this `validation`, with lines of an older epoch before it and an event behind.
    private func row(_ seed: UInt64, epoch: Int = 2, _ validation: String?) throws -> SweepTable.Row {
        let older = #"{"kind":"epoch","epoch":1,"validation":{"reconstruction":99,"code":{"mean":9,"std":9}}}"# + "\n"
        let line = validation.map { "\(older){\"kind\":\"epoch\",\"epoch\":\(epoch),\"validation\":\($0)}\n" } ?? ""
        let path = try scratch.write(line + #"{"kind":"event","what":"stop"}"# + "\n", to: "metrics-\(seed).jsonl")
        return SweepTable.Row(
            SweepPoint(seed: seed), run: "runs/mine-seed-\(seed)", step: 24, digest: "d\(seed)",
            last: LastFigures(metricsPath: path))
    }

    @Test("columns are whatever names the last epochs have, in their order; means and sample deviations stand below")
    func table() throws {
        let table = SweepTable([
            try row(1, #"{"reconstruction":20,"code":{"mean":0,"std":5},"classification":{"error":0.015},"words":"none"}"#),
            try row(2, #"{"reconstruction":22,"code":{"mean":-1.5,"std":5},"classification":{"error":0.025}}"#),
            try row(10, #"{"reconstruction":27,"code":{"mean":1.5,"std":5},"classification":{"error":0.035}}"#),
        ])
        #expect(
            table.text == """
                seed   epoch  reconstruction  code mean  code std  classification error
                1          2              20          0         5                 0.015
                2          2              22       -1.5         5                 0.025
                10         2              27        1.5         5                 0.035
                mean                      23          0         5                 0.025
                ± std                 3.6056        1.5         0                  0.01
                """)
        // (9 + 1 + 16) / 2 = 13.
        #expect(try #require(table.std(of: "reconstruction")) == 13.0.squareRoot())
        #expect(table.warning == nil)
    }

    @Test("the JSON has the figures as an epoch's line has them, and mean and deviation in the same shape")
    func json() throws {
        let table = SweepTable([
            try row(1, #"{"code":{"mean":1.0,"std":5.0},"elbo":-90.5}"#),
            try row(2, #"{"code":{"mean":3.0,"std":5.0},"elbo":-90.5}"#),
        ])
        #expect(
            table.json.text
                == #"{"seeds":[{"seed":1,"run":"runs/mine-seed-1","step":24,"digest":"d1","epoch":2,"validation":{"code":{"mean":1.0,"std":5.0},"elbo":-90.5}},"#
                + #"{"seed":2,"run":"runs/mine-seed-2","step":24,"digest":"d2","epoch":2,"validation":{"code":{"mean":3.0,"std":5.0},"elbo":-90.5}}],"#
                + #""mean":{"code":{"mean":2.0,"std":5.0},"elbo":-90.5},"std":{"code":{"mean":1.4142135623730951,"std":0.0},"elbo":0.0}}"#
        )
    }

    @Test("one seed has a mean and no deviation")
    func one() throws {
        let table = SweepTable([try row(7, #"{"elbo":-90.5}"#)])
        #expect(table.text == "seed  epoch   elbo\n7         2  -90.5\nmean         -90.5")
        #expect(table.std(of: "elbo") == nil && table.json["std"] == nil && table.json["mean"]?["elbo"] == .real(-90.5))
    }

    @Test("a figure that a seed lacks has no mean, one that was not finite has none that is, and both can be seen")
    func missing() throws {
        let table = SweepTable([try row(1, #"{"elbo":-90,"holes":null}"#), try row(2, #"{"holes":0.5}"#)])
        #expect(
            table.text
                == "seed   epoch  elbo  holes\n1          2   -90    nan\n2          2     -    0.5\nmean             -    nan\n± std            -    nan"
        )
        #expect(table.json["mean"]?.text == #"{"holes":null}"#)
    }

    @Test("figures that are missing, or of unlike epochs, are warned of")
    func warnings() throws {
        let (first, none) = (try row(1, #"{"elbo":-90}"#), try row(2, nil))
        #expect(none.last == nil)
        #expect(try #require(SweepTable([first, none]).warning).contains("of seed 2,"))
        #expect(SweepTable([first, none]).mean(of: "elbo") == nil)
        #expect(try #require(SweepTable([none]).warning).contains("evaluate.every_epochs"))
        #expect(SweepTable([none]).text == "seed  epoch\n2         -\nmean")
        #expect(try #require(SweepTable([first, row(3, epoch: 4, #"{"elbo":-80}"#)]).warning).contains("unlike epochs"))
    }

    @Test("where settings vary, means are over the seeds of one setting, and without seeds there are none")
    func groups() throws {
        func row(_ code: String, _ seed: UInt64?, _ elbo: Double) throws -> SweepTable.Row {
            let line = "{\"kind\":\"epoch\",\"epoch\":2,\"validation\":{\"elbo\":\(elbo)}}\n"
            let path = try scratch.write(line, to: "metrics-\(code)-\(seed ?? 0).jsonl")
            return SweepTable.Row(
                SweepPoint([.init("model.code", code)], seed: seed), run: "r", step: 24, digest: "d",
                last: LastFigures(metricsPath: path))
        }
        let table = SweepTable([try row("2", 1, -90), try row("2", 2, -92), try row("3", 1, -80), try row("3", 2, -80)])
        #expect(
            table.text == """
                model.code  seed   epoch    elbo
                2           1          2     -90
                2           2          2     -92
                2           mean             -91
                2           ± std         1.4142
                3           1          2     -80
                3           2          2     -80
                3           mean             -80
                3           ± std              0
                """)
        #expect(try #require(table.json["groups"]?.arrayValue).map { $0["mean"]?["elbo"]?.doubleValue } == [-91, -80])
        #expect(table.json["runs"]?.arrayValue?.map { $0["set"]?["model.code"]?.stringValue } == ["2", "2", "3", "3"])
        let single = SweepTable([try row("2", nil, -90), try row("3", nil, -80)])
        #expect(single.text == "model.code  epoch  elbo\n2               2   -90\n3               2   -80")
        #expect(single.json["groups"] == nil && single.json["mean"] == nil)
    }

    @Test("a run's folder is called by letters that no path and no shell takes for more")
    func folders() {
        let point = SweepPoint([.init("phases.generator", "{rate: 1/2, x: '../..'}"), .init("average", "0.9")], seed: 3)
        #expect(point.folderEnding == "-phases.generator-rate_1_2_x_.._..-average-0.9-seed-3")
        #expect(point.words == "phases.generator {rate: 1/2, x: '../..'}, average 0.9, seed 3")
    }
}
