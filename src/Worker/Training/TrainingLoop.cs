using System.Diagnostics;
using TrainingCluster.Modeling.Native;
using TrainingCluster.Telemetry;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.Optimization;
using TrainingCluster.Worker.Sharding;
using TrainingCluster.Worker.State;

namespace TrainingCluster.Worker.Training;

/// <summary>
/// One worker's training, step by step. A step's story, marked in <see cref="Step"/>:
/// <list type="number">
/// <item>take the micro-batch of each shard that this worker holds (<see cref="ITrainingBatches"/>);</item>
/// <item>forward: the loss, summed over target tokens (<see cref="MicroBatch"/>);</item>
/// <item>backward, straight into a flat gradient buffer (<see cref="FlatParameters"/>);</item>
/// <item>a bucket is ready while backward still runs: this worker's sums of it are added along the tree
/// (<see cref="ShardAccumulation"/>);</item>
/// <item>reduce-scatter: each owner is sent its chunk of the bucket (<see cref="IStepExchange"/>);</item>
/// <item>the owner adds what arrives in tree order (<see cref="SliceReduction{TOwner}"/>);</item>
/// <item>all-gather: the owner sends the sum to everyone;</item>
/// <item>scale by tokens, clip by the global norm, AdamW on the flat buffers (<see cref="StepCommit"/>);</item>
/// <item>report the step, never waiting for it (the caller does).</item>
/// </list>
/// Nothing here depends on how many workers there are: a step that fails leaves the state as it was and is simply done again.
/// </summary>
internal sealed class TrainingLoop
{
    private readonly TrainingJob _job;
    private readonly CollectiveGroup _group;
    private readonly ShardAccumulation _accumulation;
    private readonly IReadOnlyList<FlatParameters.GradientBuffer> _buffers;
    private readonly FlatBuffer _gradient;
    private readonly StepCommit _commit;
    private readonly ResidentMemory _memory = new();

    private TrainingLoop(TrainingJob job, CollectiveGroup group, ShardAccumulation accumulation)
    {
        (_job, _group, _accumulation) = (job, group, accumulation);
        _buffers = job.GradientBuffers(accumulation.BufferCount);
        _gradient = _buffers[accumulation.Stages[^1].Buffer].Flat;
        _commit = new StepCommit(job, group);
    }

    /// <summary>How updates become the state, of which each member may hold a share only.</summary>
    public StepCommit Commit => _commit;

    /// <summary>The group of this worker in a generation, and the loop that trains in it. The group is not connected yet.</summary>
    public static (TrainingLoop Loop, CollectiveGroup Group) Create(
        TrainingJob job,
        ProcessGroup plan,
        CollectiveOptions options,
        TimeProvider time,
        ILogger logger
    )
    {
        var accumulation = ShardAccumulation.Create(plan.Own.Shards, plan.LogicalShards, job.GradientPrecision.IsRounded);
        var gradient = job.GradientBuffers(accumulation.BufferCount)[accumulation.Stages[^1].Buffer].Flat.Host;
        var group = new CollectiveGroup(plan, job.Buckets, gradient, options, time, logger)
        {
            Shared = job.Shared,
            StepsApart = job.Rounds.Longest,
            Precision = job.GradientPrecision,
            Tempo = job.Tempo,
        };
        return (new TrainingLoop(job, group, accumulation), group);
    }

    /// <summary>Does the next step. After an exception the state is that before it.</summary>
    /// <param name="checkpointIsDue">Whether the first member wants a checkpoint to be taken after it; null: never.</param>
    /// <exception cref="CollectiveException">The group ended.</exception>
    public StepResult Step(Func<long, bool>? checkpointIsDue = null)
    {
        var before = _job.State.Progress;
        var first = before.Step + 1;
        var step = _job.Rounds.Last(first);
        var cursor = _job.Batches.Locate(step);
        var start = Stopwatch.GetTimestamp();
        var exchange = _group.AllReduce.Begin(step);
        var own = new MemberStep();
        foreach (var stage in _accumulation.Stages)
        {
            _group.Detector.ThrowIfFailed();
            if (_job.IsDiLoCo)
            {
                own.Shards.Add(Round(stage, first, step, exchange));
                continue;
            }
            // 1.
            var batch = _job.Batches.Build(step, stage.Shard);
            var buffer = _buffers[stage.Buffer];
            if (stage.ClearFirst)
            {
                buffer.Flat.Clear();
            }
            buffer.Attach();
            // 4. to 7. happen bucket by bucket, while backward goes on.
            var ready = new ReadyBuckets(this, stage, exchange);
            _job.Model.SegmentReady = ready.IsNeeded ? ready.UpTo : null;
            // 2. and 3.
            own.Shards.Add(MicroBatch.Run(_job, batch, step, stage.Shard));
            ready.UpTo(int.MaxValue);
        }

        own.CheckpointDue = _group.Plan.OwnRank == 0 && (checkpointIsDue?.Invoke(step) ?? false);
        _group.Totals.Post(step, own);
        var compute = Stopwatch.GetElapsedTime(start);

        TrainingThread.Enter(TrainingPhase.Exchange);
        exchange.Complete(compute);
        var members = _group.Totals.Collect(step, own, compute);
        var exchanged = Stopwatch.GetElapsedTime(start);

        // 8.
        TrainingThread.Enter(TrainingPhase.Update);
        var byShard = StepTotals.ByShard(members, _group.Plan.LogicalShards);
        var totals = StepTotals.Add(byShard);
        var result = new StepResult
        {
            Step = step,
            Steps = step - before.Step,
            Epoch = cursor.Epoch,
            Totals = totals,
            LearningRate = _job.Schedule.At(step),
            Compute = compute,
            Exchange = exchanged - compute,
            CheckpointAnnounced = members.Any(member => member.CheckpointDue),
        };
        result = totals.TargetTokens == 0 ? WithoutTokens(result) : Update(result, byShard);
        var total = Stopwatch.GetElapsedTime(start);
        _job.Tempo.StepDone(total);
        _memory.AfterStep();
        return result with { Update = total - exchanged, Gather = _commit.Waited, Total = total };
    }

    /// <summary>Gives back the memory that an evaluation has left: steps have no use for it.</summary>
    public void AfterEvaluation() => _memory.GiveBack();

    /// <summary>Steps 1 to 4 for a shard that trains by itself: all buckets are ready at once, after its last step.</summary>
    private ShardTotals Round(ShardStage stage, long first, long last, IStepExchange exchange)
    {
        var buffer = _buffers[stage.Buffer].Flat;
        var totals = _job.Replica.Run(stage.Shard, first, last, buffer, add: !stage.ClearFirst, _group.Detector.ThrowIfFailed);
        new ReadyBuckets(this, stage, exchange).UpTo(int.MaxValue);
        return totals;
    }

    private StepResult WithoutTokens(StepResult result)
    {
        _commit.Prepare(new(_job.State.Progress.AfterSkip(nonFinite: false, result.Steps)), result.Compute);
        _commit.Apply();
        return result;
    }

    private StepResult Update(StepResult result, ShardTotals[] byShard)
    {
        var training = _job.Spec.Training;
        var sums = _gradient.Host.Span;
        var gradient = sums[.._job.State.Parameters.Layout.Length];
        // Every worker has the same sum, and so comes to the same decision.
        var norm = Math.Sqrt(GlobalNorm.SumOfSquares(gradient)) / (_job.IsDiLoCo ? training.LogicalShards : result.Totals.TargetTokens);
        if (!double.IsFinite(norm) || !double.IsFinite(result.Totals.Loss))
        {
            return Skip(result, byShard);
        }
        var after = _job.State.Progress.AfterUpdate(result.Totals.TargetTokens, result.Totals.SourceTokens, result.Steps);
        if (_job.IsDiLoCo)
        {
            var mean = 1.0 / training.LogicalShards;
            _job.State.ApplyOuterUpdate(training.OuterLearningRate, training.OuterMomentum, mean, sums, after);
            return result with { GradientNorm = norm };
        }
        var scale = 1.0 / result.Totals.TargetTokens;
        if (training.ClipNorm > 0 && norm > training.ClipNorm)
        {
            scale *= training.ClipNorm / norm;
        }
        _commit.Prepare(
            new(after)
            {
                Gradient = _gradient.Host,
                GradientScale = scale,
                LearningRate = result.LearningRate,
                Options = _job.Optimizer,
            },
            result.Compute
        );
        _commit.Apply();
        return result with { GradientNorm = norm };
    }

    private StepResult Skip(StepResult result, ShardTotals[] byShard)
    {
        var after = _job.State.Progress.AfterSkip(nonFinite: true, result.Steps);
        _commit.Prepare(new(after), result.Compute);
        var shards = _job.IsDiLoCo ? NonFinite.Shards(byShard) : NonFinite.FindShards(_job, _group, _buffers[0], result.Step, byShard);
        _commit.Apply();
        result = result with { Skipped = true, NonFiniteShards = shards, GradientNorm = double.NaN };
        return after.SkippedInARow > _job.Spec.Training.MaxSkippedSteps
            ? result with
            {
                Fault = _job.IsDiLoCo
                    ? NonFinite.FaultOfRound(_job, result.Step, byShard, after.SkippedInARow)
                    : NonFinite.Fault(_job, _buffers[0], result.Step, shards, after.SkippedInARow),
            }
            : result;
    }

    /// <summary>Follows backward through the buckets of one shard.</summary>
    private sealed class ReadyBuckets(TrainingLoop loop, ShardStage stage, IStepExchange exchange)
    {
        private int _next;

        // Without another buffer to add and without anyone to send to, there is no reason to interrupt backward.
        public bool IsNeeded => stage.Merge.Count > 0 || (stage.Completes is not null && loop._group.Plan.Workers > 1);

        public void UpTo(int segment)
        {
            var buckets = loop._job.Buckets.Buckets;
            for (; _next < buckets.Count && buckets[_next].LastSegment <= segment; _next++)
            {
                Finish(buckets[_next]);
            }
        }

        private void Finish(GradientBucket bucket)
        {
            var flat = loop._buffers[stage.Buffer].Flat;
            // 4.
            flat.Download(bucket.Range);
            var sum = flat.Host.Span.Slice(bucket.Range.Offset, bucket.Range.Length);
            loop._job.GradientPrecision.Round(sum);
            foreach (var other in stage.Merge)
            {
                loop._job.GradientPrecision.Add(
                    sum,
                    loop._buffers[other].Flat.Host.Span.Slice(bucket.Range.Offset, bucket.Range.Length),
                    sum
                );
            }
            // 5. to 7.
            if (stage.Completes is { } node)
            {
                exchange.Submit(bucket.Index, node, flat.Host);
            }
        }
    }
}
