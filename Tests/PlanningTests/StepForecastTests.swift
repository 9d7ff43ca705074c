import Autoencoder
import Collectives
import Kernels
import Planning
import TestSupport
import Testing
import Wire

/// Predictions that can be worked out by hand.
@Suite("What a step will take") struct StepForecastTests {
    /// Two buckets of a million bytes raw and a quarter packed, the first ready 10 ms before the end of 40 ms.
    private func share(threads: Int = 1, shards: Int = 8, packing: Double = 0.001, unpacking: Double = 0.001) -> WorkerShare {
        func bucket(_ lead: Double) -> WorkerShare.Bucket {
            WorkerShare.Bucket(
                lead: lead, elements: 250_000,
                coded: [
                    .raw: .init(bytes: 1e6, packing: 0, unpacking: 0),
                    .packed: .init(bytes: 0.25e6, packing: packing, unpacking: unpacking),
                ])
        }
        return WorkerShare(
            phases: [.init(name: "all", compute: 0.040, update: 0.005, buckets: [bucket(0.010), bucket(0)], moments: [])],
            threads: threads, ofShards: shards)
    }

    private func hosts(_ workers: Int, rate: Double, latency: Double = 0, cores: Int = 2) -> PlannedCluster {
        PlannedCluster(workers: workers, place: .hosts, bytesPerSecond: rate, latency: latency, frame: 0, copying: 0, cores: cores)
    }

    private func near(_ a: Double, _ b: Double) -> Bool { abs(a - b) < 1e-9 }

    @Test("One worker waits for nobody")
    func alone() {
        for topology in Topology.allCases {
            let forecast = StepForecast(share(), hosts(1, rate: 1), topology: topology, coding: .raw)
            #expect(near(forecast.seconds, 0.045) && forecast.wait == 0 && forecast.sent == 0)
        }
    }

    @Test("A link that is fast costs nothing but the last bucket's way")
    func fast() {
        // 1 MB at 1 GB/s, in one hop.
        let forecast = StepForecast(share(), hosts(2, rate: 1e9), topology: .ring, coding: .raw)
        #expect(near(forecast.seconds, 0.040 + 0.001 + 0.005), "\(forecast.seconds)")
        #expect(near(forecast.sent, 2e6) && near(forecast.wait, 0.001))
        let far = StepForecast(share(), hosts(2, rate: 1e9, latency: 0.002), topology: .ring, coding: .raw)
        #expect(near(far.seconds, forecast.seconds + 0.002), "\(far.seconds)")
    }

    @Test("On a slow link the bytes decide, and packing is worth its time")
    func slow() {
        // All of two million bytes from 30 ms on, at 10 MB/s.
        let raw = StepForecast(share(), hosts(2, rate: 1e7), topology: .ring, coding: .raw)
        #expect(near(raw.seconds, 0.030 + 0.200 + 0.005), "\(raw.seconds)")
        let packed = StepForecast(share(), hosts(2, rate: 1e7), topology: .ring, coding: .packed)
        #expect(packed.seconds < 0.4 * raw.seconds && packed.seconds > 0.030 + 0.050 + 0.005, "\(packed.seconds)")
        // Packing is not chosen where it takes longer than sending the bytes that it saves.
        let heavy = StepForecast(share(packing: 0.2), hosts(2, rate: 1e7), topology: .ring, coding: .packed)
        #expect(heavy.seconds > raw.seconds)
    }

    @Test("A ring's bytes hardly grow with its members, a server's link carries those of all")
    func members() {
        let ring = [2, 4, 16].map { StepForecast(share(), hosts($0, rate: 1e7), topology: .ring, coding: .raw) }
        for (forecast, members) in zip(ring, [2.0, 4, 16]) { #expect(near(forecast.sent, 2 * 2e6 * (members - 1) / members)) }
        #expect(ring[2].seconds < 2 * ring[0].seconds)
        let server = [2, 4, 16].map { StepForecast(share(), hosts($0, rate: 1e7), topology: .server, coding: .raw) }
        for (forecast, members) in zip(server, [2.0, 4, 16]) {
            #expect(near(forecast.sent, 2e6) && forecast.seconds > members * 2e6 / 1e7, "\(forecast.seconds)")
        }
    }

    @Test("Processes of one machine take turns on its cores")
    func here() {
        func machine(_ workers: Int) -> PlannedCluster {
            PlannedCluster(
                workers: workers, place: .here(cores: 2), bytesPerSecond: 1e12, latency: 0, frame: 0, copying: 0, cores: 2)
        }
        let seconds = [1, 2, 4, 8].map { StepForecast(share(), machine($0), topology: .ring, coding: .raw).seconds }
        for (found, turns) in zip(seconds, [1.0, 1, 2, 4]) { #expect(abs(found - 0.045 * turns) < 1e-4, "\(seconds)") }
        // Three workers have one, one and two of the four shards: when two are done at 1.5 of a turn's half, the third has the machine for itself.
        let uneven = StepForecast(share(shards: 4), machine(3), topology: .ring, coding: .raw).seconds
        #expect(abs(uneven - (0.040 * 1.25 + 0.005 * 1.5)) < 1e-4, "\(uneven)")
    }

    @Test("Moments that are exchanged on the way, and images that all leave one link, take their time")
    func further() {
        var share = share()
        share.phases[0].moments = [1000, 1000]
        let cluster = PlannedCluster(
            workers: 4, place: .hosts, bytesPerSecond: 1e9, latency: 0.001, frame: 0.0001, copying: 0, cores: 2)
        let without = StepForecast(self.share(), cluster, topology: .ring, coding: .raw)
        let with = StepForecast(share, cluster, topology: .ring, coding: .raw)
        #expect(abs(with.seconds - without.seconds - 2 * 6 * 0.0011) < 1e-4, "\(with.seconds - without.seconds)")
        #expect(near(StepForecast(share, cluster, topology: .ring, coding: .raw, images: 1e9).seconds, 1))
    }

    @Test("What is measured of a share is all of it", arguments: [1, 2])
    func measured(threads: Int) throws {
        FloatingPoint.setModes()
        var setting = RandomSetting.fixed(encoder: [9], decoder: [9], discriminator: [5], code: 3, minibatch: 8, shards: 4)
        setting.training.variant = .clustering
        setting.training.parts.norm = NormSettings(encoder: .batch, heads: .batch)
        let replica = try Replica(setting.training)
        let share = try WorkerShareMeter(setting.training, shards: 2, threads: threads).measure(
            images: setting.images(step:), before: 2, least: (.zero, 2))
        #expect(share.phases.map(\.name) == replica.phases.map(\.name) && share.threads == threads)
        for (phase, description) in zip(share.phases, replica.phases) {
            #expect(phase.compute > 0 && phase.update > 0)
            #expect(phase.moments.count == description.moments.count)
            #expect(phase.buckets.reduce(0) { $0 + $1.elements } == description.count)
            #expect(phase.buckets.allSatisfy { $0.lead >= 0 && $0.lead <= phase.compute })
            for bucket in phase.buckets {
                #expect(bucket.coded[.raw]?.bytes == Double(4 * bucket.elements))
                #expect(bucket.coded.values.allSatisfy { $0.packing > 0 && $0.unpacking > 0 })
            }
        }
    }

    @Test(
        "Rates are read as tc has them",
        arguments: [
            ("1gbit", 1e9), ("100mbit", 1e8), ("2.5Gbit/s", 2.5e9), ("512kbit", 5.12e5), ("10Gbps", 1e10),
        ])
    func rates(text: String, bits: Double) { #expect(LinkRate(text)?.bits == bits) }

    @Test("What is no rate is none", arguments: ["", "1", "gbit", "-1gbit", "1e30gbit", "nangbit", "1 g", "1gb", "0mbit"])
    func wrong(text: String) { #expect(LinkRate(text) == nil) }
}
