namespace TrainingCluster.Cli.Explain;

/// <summary>One thing that happened to a job.</summary>
/// <param name="Time">When.</param>
/// <param name="Kind">What it was, for programs: "fault", "generation", ….</param>
/// <param name="Text">For people.</param>
public sealed record StoryLine(DateTimeOffset Time, string Kind, string Text);
