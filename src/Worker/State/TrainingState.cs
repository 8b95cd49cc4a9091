using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using TrainingCluster.Modeling.Models;
using TrainingCluster.Modeling.Native;
using TrainingCluster.Worker.AllReduce;
using TrainingCluster.Worker.Optimization;

namespace TrainingCluster.Worker.State;

/// <summary>
/// What a worker holds of a job between two steps: weights, optimizer moments, the weights of the best evaluation, the last
/// evaluated weights where the job averages them, and the counters. Equal on every worker after the same step.
/// </summary>
/// <remarks>
/// One thread changes it; others may read it within <see cref="Read{T}"/>, which sees no half-made change.
/// </remarks>
public sealed class TrainingState : IDisposable
{
    // They lead the sections; what evaluations keep comes after.
    private static readonly string[] s_stepSections = ["weights", "first_moment", "second_moment"];

    private readonly Lock _gate = new();
    private readonly Moments _moments;
    private readonly EvaluatedWeights _evaluated;
    private bool _disposed;

    /// <summary>The state at step 0 of a freshly initialised model.</summary>
    /// <param name="model">Its parameters move into the state's flat buffer.</param>
    /// <param name="keep">Which evaluated weights are kept for averaging.</param>
    /// <param name="newFile">Given their length, memory in which the weights are to lie; null, also as its result: in memory of the
    /// process.</param>
    public TrainingState(SequenceToSequenceModel model, CheckpointAveraging keep, Func<int, MemoryFile?>? newFile = null)
    {
        Parameters = new FlatParameters(model, newFile);
        _moments = Moments.Zeros(Parameters.Layout.Length);
        _evaluated = new EvaluatedWeights(Parameters.Layout.Length, keep);
        Progress = new TrainingProgress();
    }

    /// <summary>The model's parameters as flat buffers.</summary>
    public FlatParameters Parameters { get; }

    /// <summary>Counters after the newest step.</summary>
    public TrainingProgress Progress { get; private set; }

    /// <summary>Rises with every change.</summary>
    public long Version { get; private set; }

    /// <summary>The weights of the best evaluation; empty before the first.</summary>
    public ReadOnlyMemory<float> Best => _evaluated.Best;

    /// <summary>The evaluated weights kept for the average, oldest first; empty where the job does not average.</summary>
    public IReadOnlyList<float[]> Recent => _evaluated.Recent;

    /// <summary>Whether all weights are those of <see cref="Progress"/>; else only those of the elements whose moments are held.</summary>
    public bool WeightsAreWhole { get; private set; } = true;

    /// <summary>The next step's update where it could be applied; null: there is none.</summary>
    internal PreparedUpdate? Prepared { get; private set; }

    /// <summary>AdamW's moments, of the elements that this worker holds.</summary>
    internal Moments Moments => _moments;

    /// <summary>Bytes of all sections.</summary>
    public long Bytes => ((1L + EvaluationSections.Count) * Parameters.Layout.Length * sizeof(float)) + _moments.Bytes;

    /// <summary>Everything but the counters, in a fixed order. Only where all moments are held.</summary>
    public IReadOnlyList<StateSection> Sections =>
        _moments.Held is [{ } held] && held.Range.Length == _moments.Length
            ? [.. StepSections(Parameters.Weights.Host, held.First, held.Second), .. EvaluationSections]
            : throw new InvalidOperationException("Only a part of the moments is held here.");

    /// <summary>What evaluations keep, in the order of the sections.</summary>
    internal IReadOnlyList<StateSection> EvaluationSections => _evaluated.Sections;

    /// <summary>The sections that steps change.</summary>
    internal static IEnumerable<StateSection> StepSections(params Memory<float>[] values) =>
        s_stepSections.Zip(values, (name, section) => new StateSection(name, section));

    /// <summary>One optimizer update of weights and moments, and the counters after it.</summary>
    public void ApplyUpdate(
        AdamWOptions options,
        double learningRate,
        double gradientScale,
        ReadOnlySpan<float> gradient,
        TrainingProgress after
    )
    {
        ArgumentNullException.ThrowIfNull(after);
        lock (_gate)
        {
            UpdateHeld(options, learningRate, after.Updates, gradientScale, gradient);
            Parameters.Weights.Upload();
            SetProgress(after);
        }
    }

    /// <summary>
    /// DiLoCo's update after a round, and the counters after it. The first moment is the outer momentum; the second is the mean of the
    /// replicas', from which they go on.
    /// </summary>
    /// <param name="learningRate">Of the outer update.</param>
    /// <param name="momentum">Of the outer update.</param>
    /// <param name="scale">One over the number of replicas.</param>
    /// <param name="sums">Over the replicas: what the weights have moved by; then the second moments.</param>
    /// <param name="after">The counters.</param>
    public void ApplyOuterUpdate(double learningRate, double momentum, double scale, ReadOnlySpan<float> sums, TrainingProgress after)
    {
        lock (_gate)
        {
            var weights = Parameters.Weights.Host.Span;
            var (_, first, second) = _moments.Held[0];
            OuterNesterov.Update(learningRate, momentum, scale, weights, sums[..weights.Length], first);
            TensorPrimitives.Multiply(sums[weights.Length..], (float)scale, second);
            Parameters.Weights.Upload();
            SetProgress(after);
        }
    }

    /// <summary>Keeps what the next update needs; the state stays as it is.</summary>
    internal void Prepare(PreparedUpdate update)
    {
        lock (_gate)
        {
            Prepared = update;
        }
    }

    /// <summary>Forgets an update that was prepared: its step is done again.</summary>
    internal void Discard()
    {
        lock (_gate)
        {
            Prepared = null;
        }
    }

    /// <summary>Applies the prepared update to what is held; if not all, <see cref="WeightsArrived"/> makes the weights whole.</summary>
    /// <returns>False: only the counters have changed.</returns>
    /// <exception cref="InvalidOperationException">None is prepared.</exception>
    internal bool Commit()
    {
        lock (_gate)
        {
            var update = Prepared ?? throw new InvalidOperationException("No update is prepared.");
            if (update.Options is { } options)
            {
                WeightsAreWhole = _moments.AreWhole;
                UpdateHeld(options, update.LearningRate, update.After.Updates, update.GradientScale, update.Gradient.Span);
                if (WeightsAreWhole)
                {
                    Parameters.Weights.Upload();
                }
            }
            Prepared = null;
            SetProgress(update.After);
            return update.Options is not null;
        }
    }

    /// <summary>The weights of all other elements have been written into the flat buffer.</summary>
    internal void WeightsArrived()
    {
        lock (_gate)
        {
            Parameters.Weights.Upload();
            WeightsAreWhole = true;
        }
    }

    /// <summary>From now on only the moments of these ranges are held here. All of them must be.</summary>
    internal void KeepMoments(IReadOnlyList<FlatRange> ranges)
    {
        lock (_gate)
        {
            _moments.Keep(ranges);
            Version++;
        }
    }

    /// <summary>Takes in moments that were held elsewhere. Readers of what was held before are not disturbed.</summary>
    internal void AddMoments(MomentRange range)
    {
        lock (_gate)
        {
            _moments.Add(range);
        }
    }

    /// <summary>What is here is of no use for the step that the others go on from.</summary>
    internal void Forget()
    {
        lock (_gate)
        {
            _moments.Clear();
            (Prepared, WeightsAreWhole) = (null, false);
            Version++;
        }
    }

    /// <summary>Changes the counters alone.</summary>
    public void Apply(TrainingProgress after)
    {
        lock (_gate)
        {
            SetProgress(after);
        }
    }

    /// <summary>After an evaluation: keeps the weights that it was about where they are the best, or wanted for the average.</summary>
    public void ApplyEvaluation(TrainingProgress after)
    {
        ArgumentNullException.ThrowIfNull(after);
        lock (_gate)
        {
            SetProgress(_evaluated.Keep(Parameters.Weights.Host.Span, after));
        }
    }

    /// <summary>
    /// SHA-256 over what steps change (weights, moments, counters) and over what evaluations change: equal on all workers that hold
    /// the same state.
    /// </summary>
    /// <param name="withMoments">Whether the moments count; false: the weights and counters alone.</param>
    public (byte[] Steps, byte[] Evaluations) Fingerprints(bool withMoments = true)
    {
        lock (_gate)
        {
            var p = Progress;
            return (
                Hash(
                    $"{p.Step} {p.Updates} {p.SkippedInARow} {p.SkippedSteps} {p.TargetTokens} {p.SourceTokens}",
                    withMoments ? Sections.Take(s_stepSections.Length) : [new StateSection("weights", Parameters.Weights.Host)]
                ),
                Hash(
                    $"{p.EvaluatedStep} {p.Evaluations} {p.KeptBleu} {BitConverter.DoubleToInt64Bits(p.BestBleu)} {p.BestStep} "
                        + $"{p.EvaluationsSinceBest} {p.StoppedEarly} {_evaluated.Sha256}",
                    []
                )
            );
        }

        static byte[] Hash(string counters, IEnumerable<StateSection> sections)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            hash.AppendData(Encoding.UTF8.GetBytes(counters));
            StateSection.AppendTo(hash, sections);
            return hash.GetHashAndReset();
        }
    }

    /// <summary>SHA-256 over the two moments of a range that is held.</summary>
    internal byte[] FingerprintOfMoments(FlatRange range)
    {
        lock (_gate)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (var piece in _moments.Pieces(range))
            {
                hash.AppendData(MemoryMarshal.AsBytes(piece.Span));
            }
            return hash.GetHashAndReset();
        }
    }

    /// <summary>What evaluations keep, in arrays that stay as they are until <see cref="EndReadEvaluations"/>.</summary>
    internal IReadOnlyList<StateSection> BeginReadEvaluations()
    {
        lock (_gate)
        {
            _evaluated.BeginRead();
            return EvaluationSections;
        }
    }

    /// <summary>The sections that were asked for are not needed any more.</summary>
    internal void EndReadEvaluations()
    {
        lock (_gate)
        {
            _evaluated.EndRead();
        }
    }

    /// <summary>Reads without a change in between.</summary>
    public T Read<T>(Func<TrainingState, T> read)
    {
        ArgumentNullException.ThrowIfNull(read);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return read(this);
        }
    }

    /// <summary>Makes room for what a received state says it holds, and returns where its values go.</summary>
    /// <param name="names">Names of the sections, in order.</param>
    /// <param name="scores">How many weights its counters speak of that are kept for the average.</param>
    /// <exception cref="InvalidDataException">They are not those of such a state.</exception>
    internal IReadOnlyList<StateSection> PrepareSections(IReadOnlyList<string> names, int scores)
    {
        var recent = CheckSections(names, scores);
        lock (_gate)
        {
            Version++;
            _moments.Unite();
            _evaluated.Prepare(names.Contains("best"), recent);
            return Sections;
        }
    }

    /// <summary>Makes room for what a peer's evaluations have kept.</summary>
    /// <exception cref="InvalidDataException">They cannot have kept that.</exception>
    internal IReadOnlyList<StateSection> PrepareEvaluationSections(IReadOnlyList<string> names, int scores)
    {
        var recent = CheckSections([.. s_stepSections, .. names], scores);
        lock (_gate)
        {
            _evaluated.Prepare(names.Contains("best"), recent);
            return EvaluationSections;
        }
    }

    private int CheckSections(IReadOnlyList<string> names, int scores)
    {
        var recent = names.Count(name => name.StartsWith("recent.", StringComparison.Ordinal));
        // Before memory is taken: each section is as large as the model.
        string[] possible =
        [
            .. s_stepSections,
            .. names.Contains("best") ? new[] { "best" } : [],
            .. Enumerable.Range(0, recent).Select(i => $"recent.{i}"),
        ];
        if (!possible.SequenceEqual(names) || recent > _evaluated.Most || recent != scores)
        {
            throw new InvalidDataException(
                $"A training state of this job cannot consist of {string.Join(", ", names)} and {scores} scores of weights that are kept."
            );
        }
        return recent;
    }

    /// <summary>Takes a received state into use after all its values have been written.</summary>
    internal void Received(TrainingProgress progress)
    {
        lock (_gate)
        {
            Parameters.Weights.Upload();
            _evaluated.Received();
            (Prepared, WeightsAreWhole) = (null, true);
            SetProgress(progress);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // A peer may be reading: it sees the end of the state, not freed memory.
        lock (_gate)
        {
            _disposed = true;
            Parameters.Dispose();
        }
    }

    private void UpdateHeld(AdamWOptions options, double learningRate, long update, double scale, ReadOnlySpan<float> gradient)
    {
        var weights = Parameters.Weights.Host.Span;
        if (gradient.Length != weights.Length)
        {
            throw new ArgumentException($"The gradient has {gradient.Length} floats, the weights {weights.Length}.", nameof(gradient));
        }
        foreach (var (range, first, second) in _moments.Held)
        {
            AdamW.Update(
                options,
                learningRate,
                update,
                scale,
                weights.Slice(range.Offset, range.Length),
                gradient.Slice(range.Offset, range.Length),
                first,
                second
            );
        }
    }

    private void SetProgress(TrainingProgress progress) => (Progress, Version) = (progress, Version + 1);
}
