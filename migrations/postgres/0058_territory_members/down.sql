DROP TABLE territory_members;
