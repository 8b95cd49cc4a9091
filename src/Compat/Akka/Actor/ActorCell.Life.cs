using Akka.Dispatch;
using Akka.Event;

namespace Akka.Actor;

/// <summary>Birth, failure, restart and death.</summary>
internal sealed partial class ActorCell
{
    private bool _terminating;
    private bool _failed;
    private bool _recreating;
    private Exception _recreateCause;
    private object _failedMessage;

    private void CreateActor()
    {
        try
        {
            Actor = NewInstance();
            Actor.CallPreStart();
            StartReceiveTimeout();
        }
        catch (Exception e)
        {
            throw new ActorInitializationException(SelfRef, "Exception during creation", e);
        }
    }

    private ActorBase NewInstance()
    {
        _behaviors.Clear();
        CurrentEnvelope = default;
        var actor = Props.NewActor();
        if (_behaviors.Count == 0) _behaviors.Push(actor.InitialBehavior);
        if (actor is IWithTimers timed) timed.Timers = _timers ??= new TimerScheduler(this);
        if (actor is IActorStash stashing) stashing.Stash = _stash ??= new StashImpl(this);
        return actor;
    }

    /// <summary>Stops everything below and asks the parent what to do.</summary>
    private void HandleFailure(Exception cause)
    {
        if (_closed || _terminating)
        {
            SystemImpl.EventStream.Publish(new Error(cause, SelfRef.Path.ToString(), GetType(), $"Failure while stopping: {cause.Message}"));
            return;
        }
        if (_failed) return;
        _failed = true;
        _failedMessage = CurrentEnvelope.Message;
        _suspended++;
        foreach (var child in Children.Refs) child.SendSystemMessage(Akka.Dispatch.Suspend.Instance);
        ParentRef.SendSystemMessage(new Failed(SelfRef, cause, SelfRef.Path.Uid));
    }

    private void HandleChildFailed(Failed failed)
    {
        if (Children.Find(failed.Child) is not { } stats) return;
        // The strategy belongs to the actor; one that was never created stops its children with itself.
        var strategy = Props.SupervisorStrategy ?? Actor?.GetSupervisorStrategy() ?? SupervisorStrategy.DefaultStrategy;
        if (!strategy.HandleFailure(this, stats, failed.Cause, Children.Stats)) throw failed.Cause;
    }

    private void SuspendSelf()
    {
        _suspended++;
        foreach (var child in Children.Refs) child.SendSystemMessage(Akka.Dispatch.Suspend.Instance);
    }

    private void ResumeSelf(Exception cause)
    {
        if (_suspended > 0) _suspended--;
        if (cause is not null) _failed = false;
        if (Actor is null && !_terminating) CreateActor();
        foreach (var child in Children.Refs) child.SendSystemMessage(new Resume(null));
    }

    private void BeginRecreate(Exception cause)
    {
        if (_terminating || _closed || _recreating) return;
        if (_suspended == 0) _suspended++;
        if (Actor is not null)
        {
            try
            {
                _timers?.CancelAll();
                Actor.CallPreRestart(cause, _failedMessage);
            }
            catch (Exception e)
            {
                SystemImpl.EventStream.Publish(new Error(e, SelfRef.Path.ToString(), Actor.GetType(), $"PreRestart failed: {e.Message}"));
            }
            _stash?.UnstashAll();
        }
        _failedMessage = null;
        _recreating = true;
        _recreateCause = cause;
        FinishRecreateWhenChildrenAreGone();
    }

    private void FinishRecreateWhenChildrenAreGone()
    {
        if (!_recreating || Children.AnyStopping) return;
        _recreating = false;
        var survivors = Children.Refs;
        try
        {
            Actor = NewInstance();
            _suspended--;
            _failed = false;
            Actor.CallPostRestart(_recreateCause);
            StartReceiveTimeout();
            foreach (var child in survivors) child.SendSystemMessage(new Recreate(_recreateCause));
        }
        catch (Exception e)
        {
            _failed = false;
            HandleFailure(new PostRestartException(SelfRef, e, _recreateCause));
        }
    }

    private void BeginTermination()
    {
        if (_terminating || _closed) return;
        _terminating = true;
        SetReceiveTimeout(null);
        _timers?.CancelAll();
        foreach (var child in Children.Refs) StopChild(child);
        FinishTerminationWhenChildrenAreGone();
    }

    private void FinishTerminationWhenChildrenAreGone()
    {
        if (!_terminating || _closed || Children.Any) return;
        try
        {
            Actor?.CallPostStop();
        }
        catch (Exception e)
        {
            SystemImpl.EventStream.Publish(new Error(e, SelfRef.Path.ToString(), Actor.GetType(), $"PostStop failed: {e.Message}"));
        }
        _timers?.CancelAll();
        _stash?.UnstashAll();
        SystemImpl.EventStream.Unsubscribe(SelfRef);
        _closed = true;
        ParentRef.SendSystemMessage(new DeathWatchNotification(SelfRef, ExistenceConfirmed: true, AddressTerminated: false));
        TellWatchers();
        UnwatchAll();
        _behaviors.Clear();
        Actor = null;
        CurrentEnvelope = default;
    }
}
