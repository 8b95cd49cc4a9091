using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using TrainingCluster.Modeling.Models;
using TrainingCluster.Worker.Optimization;

namespace TrainingCluster.Worker.State;

/// <summary>A named flat buffer of the training state.</summary>
/// <param name="Name">Its role: <c>weights</c>, <c>first_moment</c>, <c>second_moment</c>, <c>best</c> or <c>recent.N</c>.</param>
/// <param name="Values">Laid out as the parameters are.</param>
public sealed record StateSection(string Name, Memory<float> Values);

/// <summary>
/// What a worker holds of a job between two steps: weights, optimizer moments, the weights of the best evaluation, the last
/// evaluated weights where the job averages them, and the counters. Equal on every worker after the same step.
/// </summary>
/// <remarks>
/// One thread changes it; others may read it within <see cref="Read{T}"/>, which sees no half-made change.
/// </remarks>
public sealed class TrainingState : IDisposable
{
    // Weights and the two moments lead the sections; what evaluations keep comes after.
    private const int StepSections = 3;

    private readonly Lock _gate = new();
    private readonly float[] _first;
    private readonly float[] _second;
    private float[]? _best;
    private readonly List<float[]> _recent = [];
    private readonly CheckpointAveraging _keep;
    private bool _disposed;

    /// <summary>The state at step 0 of a freshly initialised model.</summary>
    /// <param name="model">Its parameters move into the state's flat buffer.</param>
    /// <param name="keep">Which evaluated weights are kept for averaging.</param>
    public TrainingState(SequenceToSequenceModel model, CheckpointAveraging keep)
    {
        Parameters = new FlatParameters(model);
        _first = new float[Parameters.Layout.Length];
        _second = new float[Parameters.Layout.Length];
        _keep = keep;
        Progress = new TrainingProgress();
    }

    /// <summary>The model's parameters as flat buffers.</summary>
    public FlatParameters Parameters { get; }

    /// <summary>Counters after the newest step.</summary>
    public TrainingProgress Progress { get; private set; }

    /// <summary>Rises with every change.</summary>
    public long Version { get; private set; }

    /// <summary>The weights of the best evaluation; empty before the first.</summary>
    public ReadOnlyMemory<float> Best => _best;

    /// <summary>The evaluated weights kept for the average, oldest first; empty where the job does not average.</summary>
    public IReadOnlyList<float[]> Recent => _recent;

    /// <summary>Bytes of all sections.</summary>
    public long Bytes => Sections.Sum(section => (long)section.Values.Length * sizeof(float));

    /// <summary>Everything but the counters, in a fixed order.</summary>
    public IReadOnlyList<StateSection> Sections =>
        [
            new("weights", Parameters.Weights.Host),
            new("first_moment", _first),
            new("second_moment", _second),
            .. _best is null ? Array.Empty<StateSection>() : [new StateSection("best", _best)],
            .. _recent.Select((values, i) => new StateSection($"recent.{i}", values)),
        ];

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
            AdamW.Update(options, learningRate, after.Updates, gradientScale, Parameters.Weights.Host.Span, gradient, _first, _second);
            Parameters.Weights.Upload();
            SetProgress(after);
        }
    }

    /// <summary>
    /// DiLoCo's update after a round, and the counters after it. The first moment is the outer momentum; the second stays zero.
    /// </summary>
    public void ApplyOuterUpdate(
        double learningRate,
        double momentum,
        double gradientScale,
        ReadOnlySpan<float> gradient,
        TrainingProgress after
    )
    {
        lock (_gate)
        {
            OuterNesterov.Update(learningRate, momentum, gradientScale, Parameters.Weights.Host.Span, gradient, _first);
            Parameters.Weights.Upload();
            SetProgress(after);
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
            var weights = Parameters.Weights.Host;
            if (after.BestStep == after.Step && after.EvaluationsSinceBest == 0)
            {
                weights.CopyTo(_best ??= new float[weights.Length]);
            }
            var scores = CheckpointAveraging.Parse(after.KeptBleu).ToList();
            if (_keep.PlaceFor(scores, after.LastBleu) is { } place)
            {
                // An array that falls out is filled again: these are large.
                var values = place < 0 ? new float[weights.Length] : _recent[place];
                if (place >= 0)
                {
                    _recent.RemoveAt(place);
                    scores.RemoveAt(place);
                }
                weights.CopyTo(values);
                _recent.Add(values);
                after = after with { KeptBleu = CheckpointAveraging.Format([.. scores, after.LastBleu]) };
            }

            SetProgress(after);
        }
    }

    /// <summary>
    /// SHA-256 over what steps change (weights, moments, counters) and over what evaluations change: equal on all workers that hold
    /// the same state.
    /// </summary>
    public (byte[] Steps, byte[] Evaluations) Fingerprints()
    {
        lock (_gate)
        {
            var p = Progress;
            return (
                Hash(
                    $"{p.Step} {p.Updates} {p.SkippedInARow} {p.SkippedSteps} {p.TargetTokens} {p.SourceTokens}",
                    Sections.Take(StepSections)
                ),
                Hash(
                    $"{p.EvaluatedStep} {p.Evaluations} {p.KeptBleu} {BitConverter.DoubleToInt64Bits(p.BestBleu)} {p.BestStep} "
                        + $"{p.EvaluationsSinceBest} {p.StoppedEarly}",
                    Sections.Skip(StepSections)
                )
            );
        }

        static byte[] Hash(string counters, IEnumerable<StateSection> sections)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            hash.AppendData(Encoding.UTF8.GetBytes(counters));
            foreach (var section in sections)
            {
                hash.AppendData(MemoryMarshal.AsBytes(section.Values.Span));
            }
            return hash.GetHashAndReset();
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
        var recent = names.Count(name => name.StartsWith("recent.", StringComparison.Ordinal));
        // Before memory is taken: each section is as large as the model.
        string[] possible =
        [
            .. Sections.Take(StepSections).Select(section => section.Name),
            .. names.Contains("best") ? new[] { "best" } : [],
            .. Enumerable.Range(0, recent).Select(i => $"recent.{i}"),
        ];
        if (!possible.SequenceEqual(names) || recent > _keep.Count || recent != scores)
        {
            throw new InvalidDataException(
                $"A training state of this job cannot consist of {string.Join(", ", names)} and {scores} scores of weights that are kept."
            );
        }
        lock (_gate)
        {
            Version++;
            _best = names.Contains("best") ? _best ?? new float[_first.Length] : null;
            _recent.Clear();
            for (var i = 0; i < recent; i++)
            {
                _recent.Add(new float[_first.Length]);
            }
            return Sections;
        }
    }

    /// <summary>Takes a received state into use after all its values have been written.</summary>
    internal void Received(TrainingProgress progress)
    {
        lock (_gate)
        {
            Parameters.Weights.Upload();
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

    private void SetProgress(TrainingProgress progress) => (Progress, Version) = (progress, Version + 1);
}
