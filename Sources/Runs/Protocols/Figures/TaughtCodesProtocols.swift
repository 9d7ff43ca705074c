import Autoencoder
import Datasets
import Evaluation

// How far classes lie apart in codes, by classifiers that see the codes alone. They learn from codes of the first 50,000 training images and are
// tested on those of the judged images.

/// Multinomial logistic regression.
struct ProbeProtocol: EvaluationProtocol {
    let name = "probe"
    let keys = ["probe.error"]

    func lack(of subject: EvaluationSubject) -> EvaluationLack? { subject.lackOfTaughtCodes }

    func work(on subject: EvaluationSubject) -> Double {
        let codes = Double(min(subject.data.train.count, EvaluationSubject.taught))
        // Some hundred rounds, whose exponentials are most of the work.
        return codes * (subject.encodeWork + 200 * Double(subject.data.classes * (subject.configuration.model.code + 60)))
    }

    func compute(_ subject: EvaluationSubject, pace: @escaping WorkPace) throws -> EvaluationResult {
        let training = try subject.encoded(.train) { try pace(0.4 * $0) }
        let images = try subject.encoded(subject.options.split) { try pace(0.4 + 0.1 * $0) }
        var result = EvaluationResult(name)
        guard let labels = training.labels, let own = images.labels else { return result }
        let probe = try LinearProbe(training.codes, labels: labels, classes: subject.data.classes, team: subject.team) {
            try pace(0.5 + 0.5 * $0)
        }
        let error = probe.error(of: images.codes, labels: own)
        result.members = [.init("probe", ["error": .real(error)])]
        result.rows = [EvaluationRow("linear probe on codes", "\(NumberText.percent(error)) error", beside: subject.besideOneClass)]
        if !probe.isConverged {
            result.warnings = ["the linear probe has not converged after \(probe.rounds) rounds: its error is an upper bound"]
        }
        return result
    }
}

/// The vote of the nearest five.
struct NeighbourProtocol: EvaluationProtocol {
    let name = "knn"
    let keys = ["knn.error", "knn.neighbours"]

    func lack(of subject: EvaluationSubject) -> EvaluationLack? { subject.lackOfTaughtCodes }

    func work(on subject: EvaluationSubject) -> Double {
        let codes = min(subject.data.train.count, EvaluationSubject.taught)
        return subject.distanceWork(codes, subject.images.count, dimensions: subject.configuration.model.code)
    }

    func compute(_ subject: EvaluationSubject, pace: @escaping WorkPace) throws -> EvaluationResult {
        let training = try subject.encoded(.train) { try pace(0.4 * $0) }
        let images = try subject.encoded(subject.options.split) { try pace(0.4 + 0.1 * $0) }
        var result = EvaluationResult(name)
        guard let labels = training.labels, let own = images.labels else { return result }
        let error = try NeighbourVote.error(
            of: images.codes, labels: own, training: training.codes, trainingLabels: labels, team: subject.team
        ) { try pace(0.5 + 0.5 * $0) }
        let neighbours = NeighbourVote.usualNeighbours
        result.members = [.init("knn", ["error": .real(error), "neighbours": JSON(neighbours)])]
        result.rows = [
            EvaluationRow("nearest \(neighbours) codes", "\(NumberText.percent(error)) error", beside: subject.besideOneClass)
        ]
        return result
    }
}
