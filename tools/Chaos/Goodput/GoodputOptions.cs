namespace TrainingCluster.Chaos.Goodput;

/// <summary>What a measurement of the goodput under faults is to do.</summary>
internal sealed record GoodputOptions
{
    /// <summary>Workers. 2 to <see cref="ChaosRecipe.LogicalShards"/>.</summary>
    public required int Workers { get; init; }

    /// <summary>What is done to them in turn. At least one.</summary>
    public required IReadOnlyList<FaultKind> Faults { get; init; }

    /// <summary>From the beginning of one fault to that of the next, unless it lasts longer.</summary>
    public required TimeSpan Every { get; init; }

    /// <summary>How long an undisturbed run takes; its number of steps follows from a short run before.</summary>
    public required TimeSpan Length { get; init; }

    /// <summary>Steps of each run. Null: they follow from <see cref="Length"/>.</summary>
    public required int? Steps { get; init; }

    /// <summary>The faults, the text and the jobs draw from it.</summary>
    public required ulong Seed { get; init; }

    /// <summary>The least part of the undisturbed throughput that must be left, in percent. Null: the run does not judge it.</summary>
    public required double? Least { get; init; }
}
