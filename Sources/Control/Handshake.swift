import Foundation
import SwiftProtobuf
import Wire

/// The worker's side of the challenge: it gives no proof before the other side has given its own.
package final class WorkerHandshake: @unchecked Sendable {
    package enum Step {
        /// The coordinator knows the token: this is the worker's own proof.
        case proved(ControlProof)
        /// The other side refuses without a proof: it may be a stranger at a port that the coordinator has left, so the refusal counts for nothing.
        case unproven(String)
        /// The worker cannot talk to the other side.
        case failed(String)
    }

    private let token: Token?
    private let nonce = Token.nonce()
    // Confined to the connection's event loop.
    package private(set) var isDone = false

    package init(token: Token?) { self.token = token }

    package var challenge: ControlChallenge { .with { $0.nonce = Data(nonce) } }

    package func receive(_ message: ControlMessage) -> Step {
        if case .refusal(let refusal) = message {
            return .unproven("it refuses before it has proven that it is this run's coordinator (it says: \(refusal.reason))")
        }
        guard case .proof(let proof) = message, proof.nonce.count == Token.nonceBytes else {
            return .failed("it answers the challenge with something else; is it a Lockstep coordinator of this build?")
        }
        let theirs = [UInt8](proof.nonce)
        switch (token, proof.code.isEmpty) {
        case (nil, true):
            isDone = true
            return .proved(ControlProof())
        case (nil, false): return .failed("it asks for a token; start this side with the coordinator's --token-file")
        case (_?, true): return .failed("it has no token and this side has one; start the coordinator with the same --token-file")
        case (let token?, false):
            guard token.isRight([UInt8](proof.code), .coordinator, worker: nonce, coordinator: theirs) else {
                return .failed("its token is another one than this side's; copy one --token-file to every host")
            }
            isDone = true
            return .proved(.with { $0.code = Data(token.code(.worker, worker: nonce, coordinator: theirs)) })
        }
    }
}

/// The coordinator's side: it takes a challenge, then a proof, then a hello, and nothing else before.
package final class CoordinatorHandshake: @unchecked Sendable {
    package enum Step {
        case answer(ControlProof)
        case proved
        case refused(String)
    }

    private enum Stage { case waiting, challenged, done }

    private let token: Token?
    private let nonce = Token.nonce()
    // Confined to the event loop.
    private var stage = Stage.waiting
    private var theirs: [UInt8] = []

    package init(token: Token?) { self.token = token }

    package var isDone: Bool { stage == .done }

    /// Whether the frame decoder may take memory for this kind now.
    package func admits(_ kind: MessageKind) -> Bool {
        switch stage {
        case .waiting: kind == .challenge
        case .challenged: kind == .proof
        case .done: kind != .challenge && kind != .proof
        }
    }

    package func receive(_ message: ControlMessage) -> Step {
        switch (stage, message) {
        case (.waiting, .challenge(let challenge)) where challenge.nonce.count == Token.nonceBytes:
            theirs = [UInt8](challenge.nonce)
            stage = .challenged
            let code = token?.code(.coordinator, worker: theirs, coordinator: nonce) ?? []
            return .answer(
                .with {
                    $0.nonce = Data(nonce)
                    $0.code = Data(code)
                })
        case (.challenged, .proof(let proof)):
            if let token {
                guard token.isRight([UInt8](proof.code), .worker, worker: theirs, coordinator: nonce) else {
                    return .refused("its token is another one than the coordinator's; copy one --token-file to every host")
                }
            }
            stage = .done
            return .proved
        default: return .refused("it did not answer the challenge; is it a Lockstep worker of this build?")
        }
    }
}
