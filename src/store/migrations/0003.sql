-- What a run without a campaign was asked for, so that it can be resumed. Those from before this did not note it.
ALTER TABLE campaign_runs ADD COLUMN ad_hoc_json TEXT NOT NULL DEFAULT 'null';
