using TrainingCluster.V1;
using TrainingCluster.Worker.Actors;
using TrainingCluster.Worker.Training;

namespace TrainingCluster.Bench.Members;

/// <summary>
/// A trainer that computes nothing: it answers every command as a real one does, and its steps are done when <see cref="Tick"/> says so.
/// Safe from any thread.
/// </summary>
/// <param name="workerId">The worker's name.</param>
/// <param name="incarnation">Of its process.</param>
/// <param name="outbox">Gets its reports.</param>
/// <param name="plans">Is told of each command to join or to start.</param>
internal sealed class SimulatedTrainer(string workerId, string incarnation, Outbox outbox, PlanWatch plans) : ITrainer
{
    private const int StepMs = 1000;

    // Speeds differ a little, as measured ones do, and not by so much that shards would be shared out anew.
    private readonly double _speed = 20 * (1 + (0.02 * (workerId.GetHashCode(StringComparison.Ordinal) % 100 / 100.0)));
    private readonly Lock _gate = new();
    private OpenRendezvous? _call;
    private StartGeneration? _plan;
    private GenerationMember? _self;
    private long _step;
    private bool _hasState;
    private bool _training;

    /// <inheritdoc/>
    public RunningJob? Running
    {
        get
        {
            lock (_gate)
            {
                return _call is null
                    ? null
                    : new RunningJob
                    {
                        JobId = _call.JobId,
                        Generation = _plan?.Generation ?? _call.Generation,
                        HasState = _hasState,
                        CompletedStep = _step,
                        Training = _training,
                        Ready = true,
                        Spec = _call.Spec,
                        Origin = _call.Origin,
                    };
            }
        }
    }

    /// <summary>Its rank in the generation that it trains in; null: it does not train.</summary>
    public int? Rank
    {
        get
        {
            lock (_gate)
            {
                return _training ? _self!.Rank : null;
            }
        }
    }

    /// <inheritdoc/>
    public void Prepare(OpenRendezvous message)
    {
        // With the acknowledgement that its actor sends.
        plans.Count();
        plans.Count();
        lock (_gate)
        {
            if (_call is { } known && known.JobId == message.JobId && message.Generation < known.Generation)
            {
                return;
            }
            plans.Called(message.Generation);
            _call = message;
            if (!_training || message.FinishStep <= _step)
            {
                Join();
            }
        }
    }

    /// <inheritdoc/>
    public void Start(StartGeneration message)
    {
        plans.Count();
        lock (_gate)
        {
            if (_call?.Generation != message.Generation || _plan?.Generation == message.Generation)
            {
                return;
            }
            plans.Planned(message.Generation, message.Members.Count);
            (_plan, _step, _hasState, _training) = (message, message.BaseStep, true, true);
            _self = message.Members.First(member => member.WorkerId == workerId);
            Post(new WorkerReport { Started = new GenerationStarted { RecoverySource = RecoverySource.Own } });
        }
    }

    /// <inheritdoc/>
    public void Stop(StopTraining message)
    {
        plans.Count();
        lock (_gate)
        {
            if (_call is null)
            {
                return;
            }
            _training = false;
            Post(new WorkerReport { Stopped = new TrainingStopped { CompletedStep = _step } });
            if (!message.KeepState)
            {
                (_call, _plan, _hasState, _step) = (null, null, false, 0);
            }
        }
    }

    /// <summary>A step of its generation is done.</summary>
    public void Tick()
    {
        lock (_gate)
        {
            if (!_training)
            {
                return;
            }
            _step++;
            Post(new WorkerReport { Step = Report() });
            if (_call!.Generation > _plan!.Generation && _step >= _call.FinishStep)
            {
                Join();
            }
        }
    }

    /// <summary>The connection to a peer broke, as it does for all its peers when a process dies.</summary>
    public void Lose(string peer)
    {
        lock (_gate)
        {
            if (_training)
            {
                _training = false;
                Post(
                    new WorkerReport
                    {
                        Failed = new GenerationFailed
                        {
                            Step = _step + 1,
                            Stage = "PeerUnreachable",
                            Message = $"The stream from {peer} broke.",
                            Suspects = { peer },
                        },
                    }
                );
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private void Join()
    {
        _training = false;
        Post(
            new WorkerReport
            {
                Joined = new RendezvousJoined
                {
                    HasState = _hasState,
                    CompletedStep = _step,
                    ShardsPerSecond = _hasState ? _speed : 0,
                },
            },
            _call!.Generation
        );
    }

    private StepReport Report() =>
        new()
        {
            Step = _step,
            TargetTokens = 16_384,
            SourceTokens = 16_384,
            LossSum = 16_384 * (2 + (1.0 / _step)),
            LearningRate = 1e-3,
            GradientNorm = 0.5,
            Epoch = 1,
            TotalSteps = _call!.Spec.Training.Steps,
            ComputeMs = 0.7 * StepMs,
            ExchangeMs = 0.2 * StepMs,
            UpdateMs = 0.1 * StepMs,
            StepMs = StepMs,
            SentBytes = 1 << 24,
            ReceivedBytes = 1 << 24,
            FirstShard = _self!.FirstShard,
            ShardCount = _self.ShardCount,
            ShardsPerSecond = _speed,
        };

    private void Post(WorkerReport report, long? generation = null)
    {
        report.Header = new JobHeader
        {
            JobId = _call!.JobId,
            Generation = generation ?? _plan?.Generation ?? _call.Generation,
            WorkerId = workerId,
            Incarnation = incarnation,
        };
        plans.Count();
        outbox.Post(report);
    }
}
