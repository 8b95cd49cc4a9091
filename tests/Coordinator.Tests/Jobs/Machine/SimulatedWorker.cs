using Google.Protobuf;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Jobs.Machine;

/// <summary>A worker without processes, threads or tensors: what it holds, and which generation it obeys.</summary>
internal sealed class SimulatedWorker(string id, string arithmetic)
{
    private int _starts;

    public string Id { get; } = id;

    /// <summary>How it computes.</summary>
    public string Arithmetic { get; } = arithmetic;
    public string Incarnation { get; private set; } = "0";
    public bool Alive { get; set; } = true;
    public bool Paused { get; set; }
    public bool Draining { get; set; }
    public long Newest { get; private set; }
    public bool HasState { get; private set; }
    public long Step { get; private set; }
    public StartGeneration? Plan { get; private set; }

    /// <summary>The plan that it has ended in order, at the step that all its members were told.</summary>
    public StartGeneration? Ended { get; private set; }

    /// <summary>The step at which it is to end the plan in order; 0: it goes on.</summary>
    public long FinishStep { get; private set; }

    /// <summary>Seconds a shard; changes now and then.</summary>
    public double Slowness { get; set; } = 0.2;
    public bool Training { get; private set; }
    public bool Acts => Alive && !Paused;

    /// <summary>For each step of its state the generation that had done it.</summary>
    public List<long> History { get; } = [];
    public List<WorkerReport> Unacknowledged { get; } = [];

    public void Restart()
    {
        (Alive, Paused, Draining, HasState, Training, Step, Newest, Plan, Ended, FinishStep) = (
            true,
            false,
            false,
            false,
            false,
            0,
            0,
            null,
            null,
            0
        );
        Incarnation = $"{++_starts}";
        History.Clear();
        Unacknowledged.Clear();
    }

    /// <summary>Another job has taken the place of this one.</summary>
    public void Forget()
    {
        (HasState, Training, Step, Newest, Plan, Ended, FinishStep) = (false, false, 0, 0, null, null, 0);
        History.Clear();
        Unacknowledged.Clear();
    }

    public PoolWorker Registration =>
        new(Id, Incarnation, $"http://{Id}", Draining, Newest == 0 ? null : new WorkerClaim(Newest, HasState, Step, Training, Ready: true))
        {
            Arithmetic = new() { Fingerprint = Arithmetic },
        };

    /// <summary>Obeys a command; commands of an older generation are dropped.</summary>
    public void Obey(IMessage command, World world)
    {
        switch (command)
        {
            case OpenRendezvous prepare when prepare.Generation >= Newest:
                world.Say(this, prepare.Generation, new RendezvousAcknowledged(), reliable: false);
                if (Plan is { } plan && plan.Generation == prepare.Generation)
                {
                    break;
                }
                Newest = prepare.Generation;
                if (Training && prepare.FinishStep > Step)
                {
                    FinishStep = prepare.FinishStep;
                    break;
                }
                (Training, Plan, FinishStep) = (false, null, 0);
                SayPrepared(world);
                break;
            case StartGeneration start
                when start.Generation == Newest && Plan is null && start.Members.Any(m => m.WorkerId == Id && m.Incarnation == Incarnation):
                Start(start, world);
                break;
            case StopTraining stop when stop.Generation >= Newest:
                (Training, Plan, FinishStep) = (false, null, 0);
                Unacknowledged.Clear();
                if (stop.StoreCheckpoint && HasState && Step > 0)
                {
                    world.StoreCheckpoint(this);
                }
                if (stop.KeepState)
                {
                    world.Say(this, stop.Generation, new TrainingStopped { CompletedStep = Step });
                    break;
                }
                (HasState, Step) = (false, 0);
                History.Clear();
                break;
        }
    }

    private void Start(StartGeneration start, World world)
    {
        Plan = start;
        var me = start.Members.Single(m => m.WorkerId == Id);
        if (me.HasBaseState)
        {
            Assert.True(HasState && Step == start.BaseStep, $"{Id} is said to hold step {start.BaseStep} but holds {Step}");
        }
        else if (start.CheckpointId.Length > 0)
        {
            Assert.Equal(world.CheckpointStep(start.CheckpointId), start.BaseStep);
            Take(world.CheckpointHistory(start.CheckpointId));
        }
        else if (start.Members.Any(m => m.HasBaseState))
        {
            if (world.Server(start) is not { } server)
            {
                Fail(world, "PeerUnreachable");
                return;
            }
            Take([.. server.History]);
        }
        (HasState, Step, Training) = (true, start.BaseStep, true);
        world.Say(this, Newest, new GenerationStarted());
        if (Step == World.TotalSteps)
        {
            Complete(world);
        }
    }

    private void Take(long[] history)
    {
        History.Clear();
        History.AddRange(history);
    }

    public void Fail(World world, string stage, params string[] suspects)
    {
        Training = false;
        world.Say(
            this,
            Plan!.Generation,
            new GenerationFailed
            {
                Step = Step,
                Stage = stage,
                Suspects = { suspects },
            }
        );
        if (FinishStep > 0)
        {
            EndInOrder(world);
        }
    }

    private void EndInOrder(World world)
    {
        (Ended, Training, Plan, FinishStep) = (Plan, false, null, 0);
        SayPrepared(world);
    }

    private void SayPrepared(World world) =>
        world.Say(
            this,
            Newest,
            new RendezvousJoined
            {
                HasState = HasState,
                CompletedStep = Step,
                ShardsPerSecond = 1 / Slowness,
            }
        );

    /// <summary>Applies the next step's update. All members had their gradients in it.</summary>
    public void Apply(World world)
    {
        Step++;
        History.Add(Plan!.Generation);
        world.Say(
            this,
            Plan!.Generation,
            new StepReport
            {
                Step = Step,
                TotalSteps = World.TotalSteps,
                TargetTokens = 10,
                StepMs = 250,
                ShardsPerSecond = 1 / Slowness,
            },
            reliable: false
        );
        if (FinishStep == Step)
        {
            EndInOrder(world);
        }
        else if (Step == World.TotalSteps)
        {
            Complete(world);
        }
    }

    private void Complete(World world)
    {
        var first = Plan!.Members[0].WorkerId == Id;
        world.Say(
            this,
            Plan.Generation,
            new TrainingCompleted
            {
                Step = Step,
                WeightsSha256 = "same",
                ModelStored = first,
            }
        );
    }
}
