/// Which run and which moment of it a figure shows.
public struct FigureTitle: Sendable, Equatable {
    public var run: String
    public var epoch: Int?
    public var step: UInt64?
    /// The figure of the paper that shows the same, such as "2a".
    public var paper: String?

    public init(run: String, epoch: Int? = nil, step: UInt64? = nil, paper: String? = nil) {
        self.run = run
        self.epoch = epoch
        self.step = step
        self.paper = paper
    }

    /// "quickstart, epoch 6, step 3000" in at most `width` pixels: a run's name that is too long is cut, the moment is not.
    func line(width: Int) -> String {
        Lettering.body.fitted(run, width: width - Lettering.body.width(of: moment)) + moment
    }

    /// Pixels of the line with nothing cut.
    var width: Int { Lettering.body.width(of: run) + Lettering.body.width(of: moment) }

    private var moment: String {
        [epoch.map { ", epoch \($0)" }, step.map { ", step \($0)" }, paper.map { "; as figure \($0) of the paper" }]
            .compactMap { $0 }.joined()
    }
}

/// The names of the files in a run's `figures` folder.
public enum FigureName: String, Sendable, CaseIterable {
    case reconstructions = "reconstructions.png"
    case samples = "samples.png"
    case walk = "walk.png"
    case petals = "petals.png"
    case styles = "styles.png"
    case clusters = "clusters.png"
    case neighbours = "neighbours.png"
    case codes = "codes.png"
    case representations = "representations.png"
    case codeHistograms = "code-histograms.png"
    case losses = "losses.png"
}

/// Every figure of a run: plain values in, a picture out.
public enum Figures {
    /// Rows that the heading takes at the top of a figure.
    static let headingHeight = 100
    /// White space at the edges.
    static let margin = 24
    /// A figure grows no wider than this for the sake of its words.
    private static let widest = 1300

    /// Width of a figure with content of width `content`: at least what its heading and the longest of `notes` need.
    static func width(_ content: Int, _ what: String, _ title: FigureTitle, notes: [String] = []) -> Int {
        let words = [Lettering.title.width(of: what), title.width] + notes.map { Lettering.body.width(of: $0) }
        return max(content, min(widest, (words.max() ?? 0) + 2 * margin))
    }

    /// What the picture is, in large letters, and below it the run and the moment.
    static func heading(_ what: String, _ title: FigureTitle, on canvas: inout Canvas) {
        let room = canvas.width - 2 * margin
        canvas.text(Lettering.title.fitted(what, width: room), x: margin, y: 20, .ink, in: .title)
        canvas.text(title.line(width: room), x: margin, y: 60, .slate)
    }
}
