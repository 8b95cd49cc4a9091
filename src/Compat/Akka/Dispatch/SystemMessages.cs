using Akka.Actor;

namespace Akka.Dispatch;

/// <summary>What cells say to each other; handled before any user message, even while an actor is suspended.</summary>
internal abstract record SystemMessage;

internal sealed record Create : SystemMessage { internal static readonly Create Instance = new(); }
internal sealed record Terminate : SystemMessage { internal static readonly Terminate Instance = new(); }
internal sealed record Suspend : SystemMessage { internal static readonly Suspend Instance = new(); }

/// <summary>Go on; the actor itself failed if there is a cause.</summary>
internal sealed record Resume(Exception Cause) : SystemMessage;

/// <summary>Begin anew with a fresh instance.</summary>
internal sealed record Recreate(Exception Cause) : SystemMessage;

/// <summary>A child tells its parent that it failed.</summary>
internal sealed record Failed(InternalActorRef Child, Exception Cause, long Uid) : SystemMessage;

internal sealed record Watch(InternalActorRef Watchee, InternalActorRef Watcher) : SystemMessage;
internal sealed record Unwatch(InternalActorRef Watchee, InternalActorRef Watcher) : SystemMessage;

/// <summary>Tells a watcher, and always the parent, that an actor ended.</summary>
internal sealed record DeathWatchNotification(InternalActorRef Actor, bool ExistenceConfirmed, bool AddressTerminated) : SystemMessage;

/// <summary>A part of an asynchronous handler that wants to run in its actor.</summary>
internal sealed record RunTask(ActorTaskScheduler Scheduler, Task Task) : SystemMessage;

/// <summary>An asynchronous handler ended, with the exception it ended with or none.</summary>
internal sealed record AsyncHandlerDone(Exception Cause) : SystemMessage;
