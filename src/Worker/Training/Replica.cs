using System.Numerics.Tensors;
using TrainingCluster.Telemetry;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.Optimization;
using TrainingCluster.Worker.State;

namespace TrainingCluster.Worker.Training;

/// <summary>
/// One logical shard that trains by itself for a round (DiLoCo: Douillard et al. 2023, algorithm 1, lines 4 to 9): from the common
/// weights, an AdamW update on each of the shard's micro-batches. A worker's shards take turns in it. The training state stays as it
/// is all the time, so that a round may be broken off at any moment.
/// </summary>
/// <remarks>
/// The second moments begin with the mean of all shards' at the end of the round before, which is a part of the common state. Zeros
/// in their place make the first updates of each round large and noisy; the shard's own would be a state that it has alone, and
/// whoever takes it over would need it. The first moments begin with zeros: they are forgotten within some ten steps anyhow.
/// </remarks>
internal sealed class Replica : IDisposable
{
    private readonly TrainingJob _job;
    private readonly FlatBuffer _weights;
    private readonly FlatParameters.GradientBuffer _gradient;
    private readonly float[] _first;
    private readonly float[] _second;

    public Replica(TrainingJob job)
    {
        _job = job;
        var length = job.State.Parameters.Layout.Length;
        _weights = new FlatBuffer(length, job.Device);
        _gradient = job.State.Parameters.NewGradientBuffer();
        (_first, _second) = (new float[length], new float[length]);
    }

    /// <summary>
    /// A shard's round. What it contributes: what its weights have moved by, as a gradient (those at the start less those at the end);
    /// then the second moments at the end.
    /// </summary>
    /// <param name="shard">The shard.</param>
    /// <param name="first">The round's first step.</param>
    /// <param name="last">Its last.</param>
    /// <param name="into">Gets both.</param>
    /// <param name="add">True: they are added to what <paramref name="into"/> holds.</param>
    /// <param name="goOn">Called before each step; throws where the round is of no use any more.</param>
    /// <returns>Sums over the steps. Where NaN or Inf was met, the loss is NaN, and nothing is contributed.</returns>
    public ShardTotals Run(int shard, long first, long last, FlatBuffer into, bool add, Action goOn)
    {
        var totals = With(shard, first, last, goOn, totals => totals);
        if (totals.NonFiniteStep == 0 && !double.IsFinite(GlobalNorm.SumOfSquares(_weights.Host.Span)))
        {
            (totals.NonFiniteStep, totals.Loss) = (last, double.NaN);
        }
        var start = _job.State.Parameters.Weights.Host.Span;
        var end = _weights.Host.Span;
        var sum = into.Host.Span[..start.Length];
        var seconds = into.Host.Span[start.Length..];
        if (totals.NonFiniteStep > 0)
        {
            // The round is skipped by all. What this buffer holds must only be the same on whoever computes the shard.
            start.CopyTo(end);
            _second.AsSpan().Clear();
        }
        if (add)
        {
            var moved = _gradient.Flat.Host.Span;
            TensorPrimitives.Subtract(start, end, moved);
            TensorPrimitives.Add(sum, moved, sum);
            TensorPrimitives.Add(seconds, _second, seconds);
        }
        else
        {
            TensorPrimitives.Subtract(start, end, sum);
            _second.CopyTo(seconds);
        }
        into.Upload();
        return totals;
    }

    /// <summary>Does something with the model as a shard has it before one of its steps.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="first">The round's first step.</param>
    /// <param name="step">The step before which the shard stops.</param>
    /// <param name="look">What to do; the buffer is free for gradients.</param>
    public T Before<T>(int shard, long first, long step, Func<FlatParameters.GradientBuffer, T> look) =>
        With(shard, first, step - 1, static () => { }, _ => look(_gradient));

    private T With<T>(int shard, long first, long last, Action goOn, Func<ShardTotals, T> then)
    {
        var parameters = _job.State.Parameters;
        parameters.Weights.Host.CopyTo(_weights.Host);
        _weights.Upload();
        Array.Clear(_first);
        _job.State.Moments.Held[0].Second.CopyTo(_second, 0);
        parameters.Show(_weights);
        try
        {
            return then(Train(shard, first, last, goOn));
        }
        finally
        {
            parameters.Show(parameters.Weights);
        }
    }

    private ShardTotals Train(int shard, long first, long last, Action goOn)
    {
        var totals = new ShardTotals { Shard = shard };
        _job.Model.SegmentReady = null;
        // So many updates are in the second moments, by which their correction counts. Rounds that were skipped count too, unless none
        // was made: it hardly matters then.
        var updates = _job.State.Progress.Updates == 0 ? 0 : first - 1;
        for (var step = first; step <= last; step++)
        {
            goOn();
            var batch = _job.Batches.Build(step, shard);
            if (batch.Rows == 0)
            {
                continue;
            }
            _gradient.Flat.Clear();
            _gradient.Attach();
            var of = MicroBatch.Run(_job, batch, step, shard);
            totals.Loss += of.Loss;
            totals.TargetTokens += of.TargetTokens;
            totals.SourceTokens += of.SourceTokens;
            if (!Update(of, step, ++updates))
            {
                (totals.NonFiniteStep, totals.Loss) = (step, double.NaN);
                break;
            }
        }
        return totals;
    }

    /// <returns>False: loss or gradient is not finite, and nothing was changed.</returns>
    private bool Update(ShardTotals of, long step, long update)
    {
        TrainingThread.Enter(TrainingPhase.Update);
        _gradient.Flat.Download(new FlatRange(0, _weights.Host.Length));
        var gradient = _gradient.Flat.Host.Span;
        var norm = Math.Sqrt(GlobalNorm.SumOfSquares(gradient)) / of.TargetTokens;
        if (!double.IsFinite(norm) || !double.IsFinite(of.Loss))
        {
            return false;
        }
        var clip = _job.Spec.Training.ClipNorm;
        AdamW.Update(
            _job.Optimizer,
            _job.Schedule.At(step),
            update,
            (clip > 0 && norm > clip ? clip / norm : 1) / of.TargetTokens,
            _weights.Host.Span,
            gradient,
            _first,
            _second
        );
        _weights.Upload();
        return true;
    }

    public void Dispose()
    {
        _gradient.Dispose();
        _weights.Dispose();
    }
}
