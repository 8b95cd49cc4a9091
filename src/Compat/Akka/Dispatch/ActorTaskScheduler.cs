using Akka.Actor;

namespace Akka.Dispatch;

/// <summary>Runs the parts of an asynchronous handler one at a time inside the actor, so that what follows an await sees the same context and never runs beside another message.</summary>
internal sealed class ActorTaskScheduler : TaskScheduler
{
    private readonly ActorCell _cell;

    internal ActorTaskScheduler(ActorCell cell) => _cell = cell;

    internal void Run(Task task) => TryExecuteTask(task);

    protected override void QueueTask(Task task) => _cell.EnqueueSystem(new RunTask(this, task));

    // A task already queued runs when its turn comes; it cannot be taken out of the queue.
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) =>
        !taskWasPreviouslyQueued && ActorCell.Current == _cell && TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks() => [];
}
