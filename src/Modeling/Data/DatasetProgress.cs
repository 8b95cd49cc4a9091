namespace TrainingCluster.Modeling.Data;

/// <summary>How far the making of a dataset is.</summary>
/// <param name="Stage">What is being done, in a few words.</param>
/// <param name="Done">Pairs done in this stage.</param>
/// <param name="Total">Pairs to do in this stage. Null: not known yet.</param>
public readonly record struct DatasetProgress(string Stage, long Done, long? Total);
