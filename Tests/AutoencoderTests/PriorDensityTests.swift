import Autoencoder
import Glibc
import Kernels
import Layers
import Testing

@Suite struct PriorDensityTests {
    @Test("the Gaussian's density is that of its dimensions together", arguments: [1, 2, 15])
    func gaussian(dimensions: Int) throws {
        let code = (0..<dimensions).map { Float($0) * 0.75 - 1 }
        let found = try #require(PriorSettings.gaussian(std: 5).density).logDensity(of: code)
        let expected = code.reduce(0.0) { $0 - 0.5 * Double($1) * Double($1) / 25 - log(5 * (2 * Double.pi).squareRoot()) }
        #expect(abs(found - expected) < 1e-12 * abs(expected))
    }

    @Test("a mixture of one component is the Gaussian of its place and axes")
    func single() throws {
        let prior = PriorSettings.mixture(components: 1, radial: 0.5, tangential: 0.25, distance: 1.5)
        let found = try #require(prior.density).logDensity(of: [2.5, -0.5])
        #expect(abs(found - (-0.5 * (4 + 4) - log(2 * Double.pi * 0.125))) < 1e-14)
    }

    @Test(
        "a density comes to one over the plane",
        arguments: [
            PriorSettings.gaussian(std: 1), .mixture(components: 10, radial: 0.5, tangential: 0.1, distance: 1.4),
            .mixture(components: 3, radial: 0.2, tangential: 0.4, distance: 0),
        ])
    func whole(prior: PriorSettings) throws {
        let density = try #require(prior.density)
        let step = 1.0 / 32
        var sum = 0.0
        let places = (-192...192).map { Float(Double($0) * step) }
        for y in places {
            let row = Matrix(rows: places.count, columns: 2)
            for (index, x) in places.enumerated() { (row[index, 0], row[index, 1]) = (x, y) }
            sum += density.logDensities(row).reduce(0) { $0 + exp($1) } * step * step
        }
        #expect(abs(sum - 1) < 1e-4)
    }

    @Test("far from every petal the logarithm is still a number")
    func far() throws {
        let prior = PriorSettings.mixture(components: 10, radial: 0.5, tangential: 0.1, distance: 1.4)
        let found = try #require(prior.density).logDensity(of: [1_000, 0])
        #expect(abs(found - (-0.5 * 1_997.2 * 1_997.2 - log(2 * Double.pi * 0.5))) < 1e-3)
    }

    @Test("the others have none, and say why")
    func none() {
        let reasons = [
            (PriorSettings.swissRoll(thickness: 0.1), "curve"), (.uniform(low: -2, high: 2), "infinite"),
            (.categorical(classes: 2), "2 points"),
        ]
        for (prior, reason) in reasons {
            #expect(prior.density == nil)
            #expect(prior.lackOfDensity?.contains(reason) == true && prior.lackOfDensity?.contains(prior.kind) == true)
        }
        #expect(PriorSettings.gaussian(std: 5).lackOfDensity == nil)
        #expect(PriorSettings.mixture(components: 1, radial: 1, tangential: 1, distance: 0).lackOfDensity == nil)
    }
}

extension PriorDensity {
    fileprivate func logDensity(of code: [Float]) -> Double {
        let row = Matrix(rows: 1, columns: code.count)
        for (index, value) in code.enumerated() { row[0, index] = value }
        return logDensities(row)[0]
    }
}
