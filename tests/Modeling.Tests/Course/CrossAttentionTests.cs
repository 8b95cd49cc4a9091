using TrainingCluster.Modeling.Course;
using TrainingCluster.Modeling.Numerics;

namespace TrainingCluster.Modeling.Tests.Course;

public class CrossAttentionTests
{
    [Fact]
    public void Of_TokenReadChanged_KeepsItsRowAndChangesTheNext()
    {
        const int Changed = 3;
        using var model = RecurrentReversal.CreateModel();
        var batch = RecurrentReversal.Task.ToBatch("cahfeb");
        var input = batch.DecoderInput.ToArray();
        input[Changed] = input[Changed] == 4 ? 5 : 4;
        var (before, after) = (CrossAttention.Of(model, batch), CrossAttention.Of(model, batch with { DecoderInput = input }));
        for (var t = 0; t < batch.TargetWidth; t++)
        {
            var difference = Enumerable.Range(0, batch.SourceWidth).Max(s => Math.Abs(before[t, s] - after[t, s]));
            Assert.True(t <= Changed ? difference == 0 : difference > 0, $"row {t} changed by {difference}");
        }
    }

    [Fact]
    public void Of_AnyModel_HasRowsThatAddUpToOne()
    {
        using var model = RecurrentReversal.CreateModel();
        var map = CrossAttention.Of(model, RecurrentReversal.Task.ToBatch("abc"));
        Assert.Equal((4, 4), (map.GetLength(0), map.GetLength(1)));
        for (var t = 0; t < 4; t++)
        {
            Assert.Equal(1, Enumerable.Range(0, 4).Sum(s => map[t, s]), 1e-6f);
        }
    }

    [Fact]
    public void Of_SeveralRows_IsTheMeanOfEach()
    {
        using var model = RecurrentReversal.CreateModel();
        var batch = RecurrentReversal.Task.Draw(2, new DeterministicRandom(1));
        var (mean, first, second) = (
            CrossAttention.Of(model, batch),
            CrossAttention.Of(model, batch.Row(0)),
            CrossAttention.Of(model, batch.Row(1))
        );
        Assert.NotEqual(first[0, 0], second[0, 0]);
        Assert.Equal((first[3, 2] + second[3, 2]) / 2, mean[3, 2], 1e-6f);
    }
}
