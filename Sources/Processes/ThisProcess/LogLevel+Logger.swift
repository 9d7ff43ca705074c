import Logging
import Membership

extension LogLevel {
    package var loggerLevel: Logger.Level {
        switch self {
        case .detail: .debug
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }
}
