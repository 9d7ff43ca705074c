/// One of several runs that are laid side by side.
public struct RunColumn: Sendable {
    /// Images below the codes; blocks with the same index begin at the same height in all runs.
    public struct Block: Sendable {
        /// What the images are.
        public let name: String
        public let images: ImageBatch
        public let columns: Int
        /// The images touch, as parts of one whole.
        public let isSeamless: Bool

        public init(name: String, images: ImageBatch, columns: Int, isSeamless: Bool = false) {
            self.name = name
            self.images = images
            self.columns = columns
            self.isSeamless = isSeamless
        }
    }

    public let title: FigureTitle
    /// The kind of model.
    public let model: String
    /// Two-dimensional; nil where codes cannot be laid beside each other.
    public let cloud: CodeCloud?
    /// Clouds of the same space share their axes.
    public let space: String
    /// Figures below the cloud, a line each.
    public let notes: [String]
    public let blocks: [Block]

    public init(
        title: FigureTitle, model: String, cloud: CodeCloud?, space: String, notes: [String], blocks: [Block]
    ) {
        precondition(cloud.map { $0.dimensions == 2 } ?? true, "codes of \(cloud?.dimensions ?? 0) dimensions in a plane")
        self.title = title
        self.model = model
        self.cloud = cloud
        self.space = space
        self.notes = notes
        self.blocks = blocks
    }
}

extension Figures {
    /// The comparison of figure 2: runs side by side, each with its codes, the numbers that belong to them, and images.
    ///
    /// - Parameters:
    ///   - what: what is shown of each run.
    ///   - axes: the axes of all clouds.
    public static func beside(_ runs: [RunColumn], what: String, axes: CodeAxes = CodeAxes(), title: FigureTitle) -> Raster {
        let layout = BesideLayout(runs)
        let scatters = layout.scatters(runs, names: axes)
        // The classes are those of the run that has most of them.
        let shown = zip(runs, scatters).compactMap { run, scatter in
            run.cloud.flatMap { cloud in scatter.map { (cloud: cloud, scatter: $0) } }
        }
        let richest = shown.max { $0.scatter.classes.count < $1.scatter.classes.count }
        let legend = richest.map { CodeLegend($0.cloud, $0.scatter, nil) }
        let right = layout.right + (legend.map { CodeLegend.gap + $0.width } ?? 0)
        var canvas = Canvas(width: width(right + margin, what, title), height: layout.bottom + margin)
        heading(what, title, on: &canvas)
        for (index, run) in runs.enumerated() { layout.drawWords(of: run, index, on: &canvas) }
        for (cloud, scatter) in shown { scatter.draw(cloud, scatter.classMarks, on: &canvas) }
        for (index, run) in runs.enumerated() { layout.drawBlocks(of: run, index, on: &canvas) }
        legend?.draw(x: layout.right + CodeLegend.gap, y: layout.cloudTop, on: &canvas)
        return canvas.raster
    }

    /// The frames of the clouds with the ranges of their axes, for tests.
    package static func besideFrames(_ runs: [RunColumn]) -> [(box: PixelBox, x: ClosedRange<Double>, y: ClosedRange<Double>)] {
        BesideLayout(runs).scatters(runs, names: CodeAxes()).compactMap { $0?.frame }.map { frame in
            (frame.box, frame.x.low...frame.x.high, frame.y.low...frame.y.high)
        }
    }

    /// The number of images of a width that fill a row of a run's place, with each pixel enlarged at least twice if four or more still fit.
    public static func besideColumns(ofWidth width: Int) -> Int { max(4, BesideLayout.side / (2 * width)) }
}

/// Where the parts of runs side by side go on their sheet.
struct BesideLayout: Sendable {
    /// Side of the square that holds a run's codes, and the widest its images should become.
    static let side = 640
    /// Gap between runs, gap above each block of images, and the greatest width of a run with long words.
    private static let (betweenRuns, aboveBlock, widestWords) = (56, 22, 760)

    /// Left edge and width of each run, and the left edge of the frame in it.
    private let columns: [(x: Int, width: Int, frame: Int)]
    /// Axes of each cloud; nil where there is none.
    private let axes: [(x: Axis, y: Axis)?]
    private let grids: [[GridLayout]]
    private let notesTop: Int
    /// Top of the name of each block.
    private let blockTops: [Int]
    let cloudTop: Int
    let right: Int
    let bottom: Int

    init(_ runs: [RunColumn]) {
        let line = Lettering.body.lineHeight
        axes = runs.map { run in
            guard run.cloud != nil else { return nil }
            let alike = runs.filter { $0.space == run.space }.compactMap(\.cloud)
            return Figures.squareAxes(CodeCloud(holding: alike, dimensions: 2))
        }
        grids = runs.map { run in
            run.blocks.map { block in
                GridLayout(block.images, columns: block.columns, gap: block.isSeamless ? 0 : Figures.gap, room: Self.side)
            }
        }
        var x = Figures.margin
        var columns: [(x: Int, width: Int, frame: Int)] = []
        for (index, run) in runs.enumerated() {
            let frame = axes[index].map { CodeFrame.left(of: $0.y) } ?? 0
            let words = Self.words(of: run).map { min(Self.widestWords, Lettering.body.width(of: $0)) }.max() ?? 0
            let images = grids[index].map(\.width).max() ?? 0
            let width = frame + max(run.cloud == nil ? 0 : Self.side, images, words)
            columns.append((x, width, frame))
            x += width + Self.betweenRuns
        }
        self.columns = columns
        right = x - Self.betweenRuns
        cloudTop = Figures.headingHeight + 2 * line + 14
        let hasClouds = runs.contains { $0.cloud != nil }
        notesTop = hasClouds ? cloudTop + Self.side + CodeFrame.below + 8 : Figures.headingHeight + 2 * line
        var y = notesTop + (runs.map(\.notes.count).max() ?? 0) * line
        var tops: [Int] = []
        for block in 0..<(runs.map(\.blocks.count).max() ?? 0) {
            y += Self.aboveBlock
            tops.append(y)
            y += line + (grids.compactMap { block < $0.count ? $0[block].height : nil }.max() ?? 0)
        }
        blockTops = tops
        bottom = y
    }

    private static func words(of run: RunColumn) -> [String] {
        [run.title.line(width: widestWords), run.model] + run.notes + run.blocks.map(\.name)
    }

    /// One scatter for each run; nil where it has no cloud.
    func scatters(_ runs: [RunColumn], names: CodeAxes) -> [CodeScatter?] {
        runs.enumerated().map { index, run in
            run.cloud.map { cloud in
                CodeScatter(
                    cloud, x: columns[index].x + columns[index].frame, y: cloudTop, side: Self.side, axes: axes[index], names: names
                )
            }
        }
    }

    /// The run's name and model above its codes, and its figures below them.
    func drawWords(of run: RunColumn, _ index: Int, on canvas: inout Canvas) {
        let (x, width, frame) = columns[index]
        let line = Lettering.body.lineHeight
        canvas.text(run.title.line(width: width - frame), x: x + frame, y: Figures.headingHeight, .ink)
        canvas.text(Lettering.body.fitted(run.model, width: width - frame), x: x + frame, y: Figures.headingHeight + line, .slate)
        for (place, note) in run.notes.enumerated() { canvas.text(note, x: x + frame, y: notesTop + place * line, .ink) }
    }

    func drawBlocks(of run: RunColumn, _ index: Int, on canvas: inout Canvas) {
        let x = columns[index].x + columns[index].frame
        for (place, block) in run.blocks.enumerated() {
            let (grid, top) = (grids[index][place], blockTops[place])
            canvas.text(block.name, x: x, y: top, .slate)
            let y = top + Lettering.body.lineHeight
            Figures.draw(block.images, grid, x: x, y: y, on: &canvas)
            if block.isSeamless { canvas.frame(PixelBox(x: x, y: y, width: grid.width, height: grid.height), .rule) }
        }
    }
}
