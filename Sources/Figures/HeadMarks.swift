import Glibc

/// Cluster heads on a scatter plot, a ring each. Where heads are classes, their numbers stand in the rings or, if rings would hide each other,
/// beside them with a line.
struct HeadMarks: Sendable {
    private let heads: [(point: Point, number: Int)]
    private let areClasses: Bool

    /// Radius of rings, width of their rim, and radius of rings with a number in them.
    private static let (small, rim, large) = (9.0, 3.0, 20.0)
    /// Places around a head: circles, pixels between two of them, and places on each.
    private static let (circles, circleGap, circlePlaces) = (10, 14.0, 16)
    /// Pixels around a number that are kept free.
    private static let air = Canvas.halo + 2

    /// - Parameter points: one a head, in pixels; nil where it lies off the axes.
    init(points: [Point?], areClasses: Bool) {
        heads = points.enumerated().compactMap { number, point in point.map { ($0, number) } }
        self.areClasses = areClasses
    }

    var isEmpty: Bool { heads.isEmpty }
    /// Whether each class has its number at its head.
    var areNamed: Bool { areClasses && !heads.isEmpty }

    /// Where a number stands.
    struct Place: Sendable {
        let number: Int
        let head: Point
        /// What the number covers, with the air around it.
        let box: PixelBox
        /// It stands in its ring; otherwise a line leads to it.
        let isInRing: Bool
    }

    /// A place for each number where heads are classes: no two overlap, as long as there is room.
    func places(in frame: PixelBox) -> [Place] {
        guard areClasses else { return [] }
        let alone = heads.indices.map { one in
            heads.indices.allSatisfy { $0 == one || Self.distance(heads[$0].point, heads[one].point) > 2 * Self.large + 6 }
        }
        var places = zip(heads, alone).filter(\.1).map { head, _ in
            Place(number: head.number, head: head.point, box: Self.box(of: head.number, at: head.point), isInRing: true)
        }
        let rings = heads.map { Self.square(about: $0.point, radius: Self.small + 3) }
        for (head, isAlone) in zip(heads, alone) where !isAlone {
            let free = Self.around(head.point).map { Self.box(of: head.number, at: $0) }.first { box in
                frame.contains(box) && !places.contains { $0.box.overlaps(box) } && !rings.contains { $0.overlaps(box) }
            }
            let box = free ?? Self.box(of: head.number, at: head.point)
            places.append(Place(number: head.number, head: head.point, box: box, isInRing: false))
        }
        return places
    }

    func draw(in frame: PixelBox, on canvas: inout Canvas) {
        let places = places(in: frame)
        for place in places where !place.isInRing {
            canvas.stroke([Self.middle(of: place.box), place.head], width: 1.5, .ink, clip: frame)
        }
        for (point, number) in heads {
            let isInRing = places.contains { $0.number == number && $0.isInRing }
            let width = Double(Lettering.title.width(of: "\(number)"))
            let radius = isInRing ? max(Self.large, width / 2 + 8) : Self.small
            let colour = areClasses ? Colour.of(label: UInt8(truncatingIfNeeded: number)) : .ink
            Self.ring(at: point, radius: radius, colour, on: &canvas, clip: frame)
        }
        for place in places {
            canvas.text(
                "\(place.number)", x: place.box.x + Self.air, y: place.box.y + Self.air, .ink, in: .title, halo: .white)
        }
    }

    /// A ring that is white inside, with a rim in `colour` and a thin white line around it.
    static func ring(at point: Point, radius: Double, _ colour: Colour, on canvas: inout Canvas, clip: PixelBox? = nil) {
        canvas.disc(x: point.x, y: point.y, radius: radius + 2, .white, clip: clip)
        canvas.disc(x: point.x, y: point.y, radius: radius, colour, clip: clip)
        canvas.disc(x: point.x, y: point.y, radius: radius - rim, .white, clip: clip)
    }

    /// Places around a point, nearest first.
    private static func around(_ point: Point) -> [Point] {
        (1...circles).flatMap { circle in
            (0..<circlePlaces).map { place in
                let angle = 2 * Double.pi * Double(place) / Double(circlePlaces)
                let reach = large + Double(circle) * circleGap
                return Point(x: point.x + reach * cos(angle), y: point.y - reach * sin(angle))
            }
        }
    }

    private static func box(of number: Int, at middle: Point) -> PixelBox {
        let width = Lettering.title.width(of: "\(number)") + 2 * air
        let height = Lettering.title.capHeight + 2 * air
        return PixelBox(x: Int(middle.x) - width / 2, y: Int(middle.y) - height / 2, width: width, height: height)
    }

    private static func square(about point: Point, radius: Double) -> PixelBox {
        let side = Int(2 * radius)
        return PixelBox(x: Int(point.x) - side / 2, y: Int(point.y) - side / 2, width: side, height: side)
    }

    private static func middle(of box: PixelBox) -> Point {
        Point(x: Double(box.x + box.width / 2), y: Double(box.y + box.height / 2))
    }

    private static func distance(_ one: Point, _ other: Point) -> Double {
        ((one.x - other.x) * (one.x - other.x) + (one.y - other.y) * (one.y - other.y)).squareRoot()
    }
}
