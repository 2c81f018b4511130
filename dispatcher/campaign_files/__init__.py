"""Campaign files: TOML a marketer writes, read into a CampaignSpec, every mistake named."""
