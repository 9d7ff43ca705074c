import Files
import Foundation
import Waiting

/// What can go wrong with a data set: every case prints as one sentence with a way on.
public enum DataError: Error, Sendable, Hashable {
    /// A file's content is not what its format promises; `offset` counts bytes from 0. `unpacked` says that the offset
    /// lies in what gzip or zip unpacks, not in the file as it stands on the disk.
    case malformed(file: String, offset: Int, unpacked: Bool, found: String, expected: String)
    /// The operating system refused `doing` (for example "open").
    case system(doing: String, file: String, reason: String)
    /// A whole array of an element type that is not read for this role.
    case elementType(file: String, found: String, role: NPYRole)
    /// A file that is whole, but whose content cannot be trained on.
    case unfit(file: String, found: String, expected: String)
    /// A variable of a MAT file is not what it should be.
    case variable(file: String, name: String, found: String, expected: String)
    /// A set's files are in none of the folders looked in.
    case missing(set: String, files: [String], folders: [String], wayOn: String)
    /// The set is a folder, and that folder is missing or a file is in its place.
    case missingFolder(set: String, folder: String, isFile: Bool, wayOn: String)
    /// A setting of the `data` section is impossible.
    case setting(key: String, found: String, expected: String)
    /// A setting of the `labels` section does not fit the labels that there are.
    case labels(key: String, found: String, expected: String)
    /// The labels of a split do not fit `model.classes`; `fitting` is the number of classes that they would fit, if any.
    case classes(split: DataSet.Split, labels: String, classes: Int, fitting: Int?)
    /// A variant that learns from labels, on images of a set that have none.
    case unlabelled(variant: String, set: String)
    /// No data set that can be fetched or verified has this name.
    case unknownSet(name: String, known: [String])
    /// No mirror could deliver the file; one reason for each mirror.
    case download(file: String, reasons: [String])
}

extension DataError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .malformed(let file, let offset, let unpacked, let found, let expected):
            let place = unpacked ? "byte \(offset) of its unpacked content" : "byte \(offset)"
            return "\(file) is damaged or not of this format: at \(place) found \(found), expected \(expected); "
                + "replace the file\(Self.publishedWayOn(file))."
        case .system(let doing, let file, let reason):
            let wayOn =
                reason == String(cString: strerror(EFBIG))
                ? "raise the limit on file sizes (ulimit -f)"
                : doing == "list" ? "check the path and its permissions" : "check the path, its permissions and the free space"
            return "cannot \(doing) \(file): \(reason); \(wayOn)."
        case .elementType(let file, let found, let role):
            let types = role.types.map { "\($0)" }.joined(separator: ", ")
            return
                "\(file) is of \(found), a type that is not read as \(role.rawValue); \(role.rawValue) are \(types), in either byte order: convert the array, as by array.astype('\(role.example)')."
        case .unfit(let file, let found, let expected):
            return "\(file) cannot be used: it has \(found), expected \(expected)."
        case .variable(let file, let name, let found, let expected):
            return "\(file) cannot be used: its variable \(name) has \(found), expected \(expected); "
                + "replace the file\(Self.publishedWayOn(file))."
        case .missing(let set, let files, let folders, let wayOn):
            return "data set \(set): \(files.joined(separator: ", ")) not found, packed or plain, in "
                + "\(folders.joined(separator: " or ")); \(wayOn)."
        case .missingFolder(let set, let folder, let isFile, let wayOn):
            return "data set \(set): the folder \(folder) \(isFile ? "is a file" : "is not there"); \(wayOn)."
        case .setting(let key, let found, let expected):
            let follows = ["train", "validation"].contains(key) ? "; auto follows the data" : ""
            return "data.\(key) is \(found), expected \(expected); change it with --set data.\(key)=VALUE or in the recipe"
                + "\(follows)."
        case .labels(let key, let found, let expected):
            return "\(key) is \(found), expected \(expected); change it with --set \(key)=N."
        case .classes(let split, let labels, let classes, let fitting):
            let isTraining = split == .train
            let images = isTraining ? "training" : split.rawValue
            let each = isTraining ? ", each with an image to learn from" : ""
            let wayOn =
                !isTraining
                ? "leave images of other classes out, or train on images of every class"
                : fitting.map { "give --set model.classes=\($0)" }
                    ?? "number the classes of the data from 0 on without a gap, 255 of them at most"
            return "the labels of the \(images) images are \(labels), and \(classes) classes (model.classes) are those from 0 to "
                + "\(classes - 1)\(each); \(wayOn)."
        case .unlabelled(let variant, let set):
            guard set != "tfd" else {
                return
                    "the training images of tfd have no labels, which \(variant) learns from: a fold's labelled images only validate and "
                    + "test; choose a variant that needs none, as basic, vae, gan and clustering do."
            }
            let wayOn =
                switch set {
                case "npz": "give its archive arrays of labels (y_train and y_test, or train_labels and test_labels)"
                case "pictures": "put its pictures into a folder for each class"
                default: "give it files of labels (data.labels, data.test_labels)"
                }
            return "the data set has no labels, which \(variant) learns from; \(wayOn), or choose a variant that needs none."
        case .unknownSet(let name, let known):
            return "no data set is called \(name) here; known are \(known.joined(separator: ", ")) (`lockstep data list`)."
        case .download(let file, let reasons):
            return "could not download \(file): \(reasons.joined(separator: "; ")); check the connection, try again later, "
                + "or copy the file into the data folder by hand and run `lockstep data verify \(KnownSet.publisher(of: file)?.name ?? "mnist")`."
        }
    }

    /// The commands that check and get a file by its published name.
    private static func publishedWayOn(_ file: String) -> String {
        guard let set = KnownSet.publisher(of: file) else { return "" }
        // The folder of this file: the two commands need not look there by themselves.
        let own = FilePath.folder(of: file)
        let isExtra = set.optional.contains { file.hasSuffix("/\($0.name)") }
        let place =
            "\(set.name)\(isExtra ? " --extra" : "") --data \(ShellText.word(own.hasSuffix("/\(set.name)") ? FilePath.folder(of: own) : own))"
        let owner = set == .mnist ? "MNIST's own" : "the published ones"
        return " (`lockstep data verify \(place)` checks \(owner), `lockstep data fetch \(place)` gets them)"
    }
}
