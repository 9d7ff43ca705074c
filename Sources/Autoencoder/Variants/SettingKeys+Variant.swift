extension SettingKeys {
    /// A setting that not every variant has, by its own key in the mapping that it stands in.
    ///
    /// - Parameter parts: those that the variant has, as far as they decide which others it has.
    public func setting(
        _ setting: VariantSetting, of variant: Variant, with parts: PartSettings, _ body: (_ key: String) throws -> Void
    ) throws {
        if let lack = variant.lack(of: setting, with: parts) {
            try absent(setting.key, lack)
        } else {
            try body(setting.key)
        }
    }
}
