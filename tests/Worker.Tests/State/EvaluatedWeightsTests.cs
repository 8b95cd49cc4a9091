using TrainingCluster.Worker.Optimization;
using TrainingCluster.Worker.State;

namespace TrainingCluster.Worker.Tests.State;

public sealed class EvaluatedWeightsTests
{
    private readonly EvaluatedWeights _kept = new(2, new CheckpointAveraging(2, Best: true));
    private TrainingProgress _progress = new();

    [Fact]
    public void Keep_ABestThatIsToBeAveragedToo_LiesInOneArray()
    {
        Evaluate(1, 10);
        Evaluate(2, 20);
        Assert.Equal([2f, 2], _kept.Best!);
        Assert.Equal(
            [
                [1f, 1],
                [2f, 2],
            ],
            _kept.Recent
        );
        Assert.Same(_kept.Best, _kept.Recent[1]);
        Assert.Equal(["best", "recent.0", "recent.1"], _kept.Sections.Select(section => section.Name));

        // The worse of two falls out, the best stays.
        Evaluate(3, 15);
        Assert.Equal([2f, 2], _kept.Best!);
        Assert.Equal(
            [
                [2f, 2],
                [3f, 3],
            ],
            _kept.Recent
        );
        Assert.Equal("20 15", _progress.KeptBleu);

        // What is worse than all changes nothing.
        Evaluate(4, 5);
        Assert.Equal(
            [
                [2f, 2],
                [3f, 3],
            ],
            _kept.Recent
        );
    }

    [Fact]
    public void Keep_WhatFellOut_IsFilledAgainOnlyWhenNobodyReadsIt()
    {
        Evaluate(1, 10);
        Evaluate(2, 20);
        List<float[]> all = [.. _kept.Recent];
        _kept.BeginRead();
        var read = _kept.Sections;
        Evaluate(3, 30);
        Evaluate(4, 40);
        Assert.Equal(
            [
                [2f, 2],
                [1f, 1],
                [2f, 2],
            ],
            read.Select(section => section.Values.ToArray())
        );

        all.AddRange(_kept.Recent);
        _kept.EndRead();
        for (var step = 5; step < 9; step++)
        {
            Evaluate(step, step * 10);
            all.AddRange(_kept.Recent);
        }
        Assert.Equal(
            [
                [7f, 7],
                [8f, 8],
            ],
            _kept.Recent
        );
        Assert.Equal(4, all.Distinct().Count());
    }

    [Fact]
    public void Received_WhatCameFromAPeer_LiesInOneArrayWhereItIsTheSame()
    {
        _kept.Prepare(best: true, recent: 2);
        Assert.Equal(3, _kept.Recent.Append(_kept.Best!).Distinct().Count());
        (_kept.Best![0], _kept.Recent[0][0], _kept.Recent[1][0]) = (7, 6, 7);

        var before = _kept.Sha256;
        _kept.Received();
        Assert.Same(_kept.Best, _kept.Recent[1]);
        Assert.Equal(7, _kept.Best[0]);
        Assert.Equal(before, _kept.Sha256);
        Evaluate(8, 90);
        Assert.NotEqual(before, _kept.Sha256);
    }

    private void Evaluate(float weight, double bleu) =>
        _progress = _kept.Keep([weight, weight], (_progress with { Step = _progress.Step + 1 }).AfterEvaluation(bleu, patience: 0));
}
