extension SettingKeys {
    /// Visits a setting that not every variant has, by its key within its mapping.
    ///
    /// - Parameter parts: the variant's own; some of them decide which other settings it has.
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
