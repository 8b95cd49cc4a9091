using TorchSharp;
using TrainingCluster.Jobs;
using TrainingCluster.Modeling.Data;
using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Native;
using TrainingCluster.V1;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.Optimization;
using TrainingCluster.Worker.State;
using static TorchSharp.torch;

namespace TrainingCluster.Worker.Training;

/// <summary>Everything of one job that a worker holds in memory; it outlives generations.</summary>
internal sealed class TrainingJob : IDisposable
{
    private readonly List<FlatParameters.GradientBuffer> _buffers = [];
    private readonly Dataset? _dataset;
    private Replica? _replica;

    private TrainingJob(
        string id,
        JobSpec spec,
        Dataset? dataset,
        ITrainingBatches batches,
        int vocabulary,
        Device device,
        SharedBuffers? shared
    )
    {
        (Id, Spec, _dataset, Batches, Shared) = (id, spec, dataset, batches, shared);
        var training = spec.Training;
        TotalSteps = training.HasSteps && training.Steps > 0 ? training.Steps : batches.StepsInEpochs(training.Epochs);
        // New layers draw numbers too, though they are overwritten.
        lock (MicroBatch.Generator)
        {
            Model = ModelFactory.Create(spec.Model.ToOptions(), vocabulary, spec.Seed);
        }
        if (device.type != DeviceType.CPU)
        {
            Model.to(device);
        }
        Model.train();
        Device = device;
        MemoryFile? file = null;
        State = new TrainingState(
            Model,
            training.AverageBestCheckpoints > 1
                ? new CheckpointAveraging(training.AverageBestCheckpoints, Best: true)
                : new CheckpointAveraging(training.AverageLastCheckpoints, Best: false),
            // Peers take the weights that this worker has updated from here.
            length => file = ShardsOptimizer ? Shared?.TryNewFile(length) : null
        );
        if (file is not null)
        {
            Shared!.Add(file, State.Parameters.Weights.Host);
        }
        Optimizer = new AdamWOptions(training.Beta1, training.Beta2, training.Epsilon, training.WeightDecay);
        Schedule = LearningRateSchedule.Of(training, TotalSteps);
        Rounds = Rounds.Of(training, TotalSteps);
        GradientPrecision = GradientPrecision.Of(training.GradientPrecision);
        var segments = State.Parameters.Layout.SegmentLengths;
        // After a round, what each weight has moved by; then its second moment.
        Buckets = BucketLayout.Create(IsDiLoCo ? [.. segments, State.Parameters.Layout.Length] : segments);
    }

    public string Id { get; }

    /// <summary>Every field filled in.</summary>
    public JobSpec Spec { get; }

    public Dataset Dataset => _dataset ?? throw new InvalidOperationException("This job has no dataset.");

    /// <summary>What is trained on.</summary>
    public ITrainingBatches Batches { get; }

    public long TotalSteps { get; }

    public SequenceToSequenceModel Model { get; }

    public Device Device { get; }

    public TrainingState State { get; }

    public AdamWOptions Optimizer { get; }

    public LearningRateSchedule Schedule { get; }

    /// <summary>How what is exchanged is cut.</summary>
    public BucketLayout Buckets { get; }

    /// <summary>What becomes of gradients between workers.</summary>
    public GradientPrecision GradientPrecision { get; }

    /// <summary>How long its steps take.</summary>
    public StepTempo Tempo { get; } = new();

    /// <summary>Steps between two exchanges.</summary>
    public Rounds Rounds { get; }

    /// <summary>Where a logical shard trains by itself, made when first needed; only where a job trains by DiLoCo.</summary>
    public Replica Replica => _replica ??= new Replica(this);

    /// <summary>Whether logical shards train by themselves between exchanges.</summary>
    public bool IsDiLoCo => Spec.Training.Synchronization == Rounds.DiLoCo;

    /// <summary>The gradient buffers as peers on this machine can read them; null: they cannot.</summary>
    public SharedBuffers? Shared { get; }

    /// <summary>Whether members hold shares of the optimizer's state instead of all of it.</summary>
    public bool ShardsOptimizer => Spec.Training.OptimizerSharding;

    /// <summary>Whether no further step is to be made.</summary>
    public bool IsDone => State.Progress.StoppedEarly || State.Progress.Step >= TotalSteps;

    /// <summary>Whether the newest step is one after which the validation pair is to be scored, and has not been.</summary>
    public bool EvaluationIsDue
    {
        get
        {
            var progress = State.Progress;
            if (_dataset is null || _dataset.Validation.Count == 0 || progress.Step == 0 || progress.EvaluatedStep == progress.Step)
            {
                return false;
            }
            if (progress.Step == TotalSteps)
            {
                return true;
            }
            return Spec.Evaluation.EverySteps switch
            {
                > 0 => Rounds.IsDue(progress.Step, Spec.Evaluation.EverySteps),
                0 => Batches.Locate(Rounds.Before(progress.Step) + 1).Epoch < Batches.Locate(progress.Step + 1).Epoch,
                _ => false,
            };
        }
    }

    /// <summary>Builds the model with its initial weights.</summary>
    /// <param name="id">The job.</param>
    /// <param name="spec">Fields left out are filled in.</param>
    /// <param name="dataset">Belongs to the job from now on.</param>
    /// <param name="device">Where to compute.</param>
    /// <param name="shared">Where gradient buffers are to lie; belongs to the job from now on. Null: in memory of the process.</param>
    public static TrainingJob Create(string id, JobSpec spec, Dataset dataset, Device device, SharedBuffers? shared = null)
    {
        var filled = JobSpecDefaults.Fill(spec);
        set_num_threads(filled.Training.ComputeThreads);
        return new TrainingJob(id, filled, dataset, new DatasetBatches(dataset, filled), dataset.Tokenizer.VocabularySize, device, shared);
    }

    /// <summary>A job on made-up batches, for measurements: it cannot be evaluated.</summary>
    public static TrainingJob Create(
        JobSpec spec,
        ITrainingBatches batches,
        int vocabulary,
        Device? device = null,
        SharedBuffers? shared = null
    )
    {
        var filled = JobSpecDefaults.Fill(spec);
        set_num_threads(filled.Training.ComputeThreads);
        return new TrainingJob("measurement", filled, null, batches, vocabulary, device ?? CPU, shared);
    }

    /// <summary>The job's gradient buffers, made when first needed and kept.</summary>
    public IReadOnlyList<FlatParameters.GradientBuffer> GradientBuffers(int count)
    {
        while (_buffers.Count < count)
        {
            var file = Shared?.TryNewFile(Buckets.Length);
            _buffers.Add(State.Parameters.NewGradientBuffer(Buckets.Length - State.Parameters.Layout.Length, file));
            if (file is not null)
            {
                Shared!.Add(file, _buffers[^1].Flat.Host);
            }
        }

        return _buffers;
    }

    public void Dispose()
    {
        foreach (var buffer in _buffers)
        {
            buffer.Dispose();
        }
        _replica?.Dispose();
        Shared?.Dispose();
        State.Dispose();
        Model.Dispose();
        _dataset?.Dispose();
    }
}
