import Foundation
import Runs
import Testing

/// The figures of several seeds beside each other, from metrics files whose numbers can be checked by hand.
@Suite struct SeedTableTests {
    let scratch = Scratch()

    /// A row of a run whose last epoch's line has this `validation`, with lines of an older epoch before it and an event behind.
    private func row(_ seed: UInt64, epoch: Int = 2, _ validation: String?) throws -> SeedTable.Row {
        let older = #"{"kind":"epoch","epoch":1,"validation":{"reconstruction":99,"code":{"mean":9,"std":9}}}"# + "\n"
        let line = validation.map { "\(older){\"kind\":\"epoch\",\"epoch\":\(epoch),\"validation\":\($0)}\n" } ?? ""
        let path = try scratch.write(line + #"{"kind":"event","what":"stop"}"# + "\n", to: "metrics-\(seed).jsonl")
        return SeedTable.Row(
            seed: seed, run: "runs/mine-seed-\(seed)", step: 24, digest: "d\(seed)", last: LastFigures(metricsPath: path))
    }

    @Test("columns are whatever names the last epochs have, in their order; means and sample deviations stand below")
    func table() throws {
        let table = SeedTable([
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
        let table = SeedTable([
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
        let table = SeedTable([try row(7, #"{"elbo":-90.5}"#)])
        #expect(table.text == "seed  epoch   elbo\n7         2  -90.5\nmean         -90.5")
        #expect(table.std(of: "elbo") == nil && table.json["std"] == nil && table.json["mean"]?["elbo"] == .real(-90.5))
    }

    @Test("a figure that a seed lacks has no mean, one that was not finite has none that is, and both can be seen")
    func missing() throws {
        let table = SeedTable([try row(1, #"{"elbo":-90,"holes":null}"#), try row(2, #"{"holes":0.5}"#)])
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
        #expect(try #require(SeedTable([first, none]).warning).contains("of seed 2,"))
        #expect(SeedTable([first, none]).mean(of: "elbo") == nil)
        #expect(try #require(SeedTable([none]).warning).contains("evaluate.every_epochs"))
        #expect(SeedTable([none]).text == "seed  epoch\n2         -\nmean")
        #expect(try #require(SeedTable([first, row(3, epoch: 4, #"{"elbo":-80}"#)]).warning).contains("unlike epochs"))
    }
}
