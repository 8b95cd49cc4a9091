using TrainingCluster.Worker.Optimization;

namespace TrainingCluster.Worker.Tests.Optimization;

public sealed class OuterNesterovTests
{
    /// <summary>
    /// As <c>torch.optim.SGD(lr=0.7, momentum=0.9, nesterov=True)</c> has it in double precision: <c>buf = 0.9·buf + g</c>, from
    /// <c>buf = g</c>; <c>w -= 0.7·(g + 0.9·buf)</c>.
    /// </summary>
    [Fact]
    public void Update_SeveralRounds_IsThatOfTorchsSgdWithNesterov()
    {
        // Two full vectors of any processor and a rest.
        const int Length = 35;
        const int Shards = 4;
        var random = new Random(3);
        float[] Draw(double size) => [.. Enumerable.Range(0, Length).Select(_ => (float)(size * ((2 * random.NextDouble()) - 1)))];
        var weights = Draw(1);
        var buffer = new float[Length];
        var (exact, exactBuffer) = (Array.ConvertAll(weights, w => (double)w), new double[Length]);
        for (var round = 0; round < 5; round++)
        {
            var sum = Draw(0.1);
            OuterNesterov.Update(0.7, 0.9, 1.0 / Shards, weights, sum, buffer);
            for (var i = 0; i < Length; i++)
            {
                var g = sum[i] / (double)Shards;
                exactBuffer[i] = round == 0 ? g : (0.9 * exactBuffer[i]) + g;
                exact[i] -= 0.7 * (g + (0.9 * exactBuffer[i]));
            }
        }

        Assert.All(Enumerable.Range(0, Length), i => Assert.Equal(exact[i], weights[i], 1e-6));
        Assert.All(Enumerable.Range(0, Length), i => Assert.Equal(exactBuffer[i], buffer[i], 1e-6));
    }

    /// <summary>By hand: after the first round b = g, so that w loses 0.7·1.9·g.</summary>
    [Fact]
    public void Update_TwoRounds_GivesTheNumbersOfTheEquation()
    {
        float[] weights = [1, -2];
        var buffer = new float[2];
        OuterNesterov.Update(0.7, 0.9, 1, weights, [0.5f, 0.25f], buffer);
        Assert.Equal([0.335, -2.3325], weights.Select(w => Math.Round(w, 6)));
        OuterNesterov.Update(0.7, 0.9, 1, weights, [-1, 0.125f], buffer);
        Assert.Equal([1.3815, -2.6405], weights.Select(w => Math.Round(w, 4)));
    }

    [Fact]
    public void Update_CutAnywhere_GivesTheSameBits()
    {
        var random = new Random(5);
        float[] Draw() => [.. Enumerable.Range(0, 67).Select(_ => (float)random.NextDouble())];
        var (weights, gradient, buffer) = (Draw(), Draw(), Draw());
        var (cutWeights, cutBuffer) = (weights.ToArray(), buffer.ToArray());
        OuterNesterov.Update(0.3, 0.8, 0.25, weights, gradient, buffer);
        foreach (var range in new[] { ..1, 1..14, 14..67 })
        {
            OuterNesterov.Update(0.3, 0.8, 0.25, cutWeights.AsSpan(range), gradient.AsSpan(range), cutBuffer.AsSpan(range));
        }
        Assert.Equal(weights, cutWeights);
        Assert.Equal(buffer, cutBuffer);
    }
}
