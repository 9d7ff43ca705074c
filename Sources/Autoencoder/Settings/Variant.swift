/// The systems of the paper that can be trained; each is a file of `Variants`.
public enum Variant: String, Sendable, Hashable, CaseIterable {
    /// Section 2: encoder, decoder, and a discriminator on the code.
    case basic
    /// Section 2.1: the same networks with a divergence in place of the discriminator.
    case vae
    /// Table 1's comparator: a generator and a discriminator on images.
    case gan
    /// Section 2.3: some labels decide where in the prior a class lies.
    case labelInformed = "label-informed"
    /// Section 4: the decoder is told the class, so that the code is style.
    case supervised
    /// Section 5: class and style from one encoder, two discriminators, few labels.
    case semiSupervised = "semi-supervised"
    /// Section 6: the same without labels.
    case clustering
    /// Section 7: cluster heads and style added up in a space to look at.
    case reduction
}
