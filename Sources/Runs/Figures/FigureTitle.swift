/// Which run and which moment of it a figure shows.
public struct FigureTitle: Sendable, Equatable {
    public var run: String
    public var epoch: Int?
    public var step: UInt64?

    public init(run: String, epoch: Int? = nil, step: UInt64? = nil) {
        self.run = run
        self.epoch = epoch
        self.step = step
    }

    /// "quickstart, epoch 6, step 3000" in at most `width` pixels: a run's name that is too long is cut, the moment is not.
    func line(width: Int, scale: Int) -> String {
        let moment = [epoch.map { ", epoch \($0)" }, step.map { ", step \($0)" }].compactMap { $0 }.joined()
        let room = width - moment.count * BitmapFont.advance * scale
        return Canvas.fitted(run, width: room, scale: scale) + moment
    }
}

/// The names of the files in a run's `figures` folder.
public enum FigureName: String, Sendable, CaseIterable {
    case reconstructions = "reconstructions.png"
    case samples = "samples.png"
    case walk = "walk.png"
    case codes = "codes.png"
    case codeHistograms = "code-histograms.png"
    case losses = "losses.png"
}

/// Every figure of a run: plain values in, a picture out.
public enum Figures {
    /// Rows that the heading takes at the top of a figure.
    static let headingHeight = 92
    /// White space at the edges.
    static let margin = 24

    /// What the picture is, in large letters, and below it the run and the moment.
    static func heading(_ what: String, _ title: FigureTitle, on canvas: inout Canvas) {
        let room = canvas.width - 2 * margin
        let scale = Canvas.textWidth(what, scale: 3) <= room ? 3 : 2
        canvas.text(Canvas.fitted(what, width: room, scale: scale), x: margin, y: 20, scale: scale, .ink)
        canvas.text(title.line(width: room, scale: 2), x: margin, y: 53, scale: 2, .slate)
    }
}
