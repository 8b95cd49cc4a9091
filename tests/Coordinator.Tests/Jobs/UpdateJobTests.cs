using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.Core;
using TrainingCluster.Coordinator.Jobs.Machine;
using TrainingCluster.Coordinator.Queueing;
using TrainingCluster.Coordinator.Tests.Hosting;
using TrainingCluster.Errors;
using TrainingCluster.Settings;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Jobs;

public class UpdateJobTests
{
    private static FieldMask Mask(params string[] paths) => new() { Paths = { paths } };

    private static async Task<IReadOnlyList<string>> RefusedAsync(TestServer server, UpdateJobRequest request)
    {
        var error = await Assert.ThrowsAsync<RpcException>(async () => await server.Jobs.UpdateJobAsync(request));
        Assert.Equal(StatusCode.InvalidArgument, error.StatusCode);
        return [.. RpcErrorDetails.Find<BadRequest>(error)!.FieldViolations.Select(v => v.Field)];
    }

    [Fact]
    public async Task UpdateJob_WhatMayChange_IsStoredAndTheQueueHearsOfIt()
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Running);
        var job = await server.Jobs.UpdateJobAsync(
            new()
            {
                Job = new()
                {
                    Id = "job-1",
                    Spec = new()
                    {
                        Priority = 7,
                        Workers = new() { Max = 2 },
                    },
                    Labels = { ["team"] = "nlp" },
                },
            }
        );
        Assert.Equal((7, 2, "nlp"), (job.Spec.Priority, job.Spec.Workers.Max, job.Labels["team"]));
        Assert.Equal(job, await server.Jobs.GetJobAsync(new() { Id = "job-1" }));
        Assert.Equal(job.Spec, Assert.Single(server.Control.Edited).Spec);
        // The queue does not ask for labels.
        job = await server.Jobs.UpdateJobAsync(
            new()
            {
                Job = new() { Id = "job-1", Labels = { ["tier"] = "gold" } },
                UpdateMask = Mask("labels.tier", "labels.team"),
            }
        );
        Assert.Equal(["tier"], job.Labels.Keys);
        Assert.Single(server.Control.Edited);
    }

    [Fact]
    public async Task UpdateJob_FieldsNamedButAbsent_TakeTheirDefaults()
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Running);
        await server.Jobs.UpdateJobAsync(
            new()
            {
                Job = new()
                {
                    Id = "job-1",
                    Labels = { ["a"] = "b" },
                    Spec = new()
                    {
                        Priority = 7,
                        Workers = new() { Max = 2 },
                    },
                },
            }
        );
        var job = await server.Jobs.UpdateJobAsync(
            new()
            {
                Job = new() { Id = "job-1" },
                UpdateMask = Mask("*"),
            }
        );
        Assert.Equal((0, 8, 0), (job.Spec.Priority, job.Spec.Workers.Max, job.Labels.Count));
    }

    [Fact]
    public async Task UpdateJob_WholeJobSentBack_ChangesOnlyWhatDiffers()
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Running);
        var job = await server.Jobs.GetJobAsync(new() { Id = "job-1" });
        job.Spec.Priority = 3;
        Assert.Equal(3, (await server.Jobs.UpdateJobAsync(new() { Job = job })).Spec.Priority);
        job = await server.Jobs.GetJobAsync(new() { Id = "job-1" });
        job.Spec.Training.LearningRate = 1;
        Assert.Equal(["spec.training.learning_rate"], await RefusedAsync(server, new() { Job = job }));
    }

    [Fact]
    public async Task UpdateJob_WhatMayNotChange_IsRefusedWhole()
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Running);
        var before = await server.Jobs.GetJobAsync(new() { Id = "job-1" });
        Job Wanted() =>
            new()
            {
                Id = "job-1",
                Spec = new()
                {
                    Priority = 2000,
                    Workers = new() { Max = 9 },
                },
                Labels = { ["a b"] = "" },
            };

        Assert.Equal(
            ["labels[a b]", "spec.priority", "spec.workers.max"],
            (await RefusedAsync(server, new() { Job = Wanted() })).Order(StringComparer.Ordinal)
        );
        Assert.Equal(
            ["update_mask"],
            await RefusedAsync(server, new() { Job = Wanted(), UpdateMask = Mask("spec.priority", "spec.seed") })
        );
        Assert.Equal(["update_mask"], await RefusedAsync(server, new() { Job = new() { Id = "job-1" } }));
        Assert.Equal(before, await server.Jobs.GetJobAsync(new() { Id = "job-1" }));
    }

    [Fact]
    public async Task UpdateJob_PriorityAboveTheNamespacesLimit_IsRefused()
    {
        var limits = NamespaceNumbers.Read("default=3", out _)!;
        await using var server = await TestServer.StartAsync(queue: new QueueOptions { PriorityLimits = limits });
        await server.AddAsync(JobPhase.Running);
        Assert.Equal(
            ["spec.priority"],
            await RefusedAsync(
                server,
                new()
                {
                    Job = new()
                    {
                        Id = "job-1",
                        Spec = new() { Priority = 4 },
                    },
                }
            )
        );
    }

    [Fact]
    public async Task UpdateJob_Suspend_SuspendsAndResumes()
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Running);
        var suspended = await server.Jobs.UpdateJobAsync(
            new()
            {
                Job = new()
                {
                    Id = "job-1",
                    Spec = new() { Suspend = true },
                },
            }
        );
        Assert.Equal((JobState.Suspended, true), (suspended.State, suspended.Spec.Suspend));
        var resumed = await server.Jobs.ResumeJobAsync(new() { Id = "job-1" });
        Assert.Equal((JobState.Queued, false), (resumed.State, resumed.Spec.Suspend));
    }

    [Fact]
    public async Task UpdateJob_PriorityOfAJobThatTheActorsSuspended_LeavesItSuspended()
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Suspended);
        Assert.True((await server.Jobs.GetJobAsync(new() { Id = "job-1" })).Spec.Suspend);
        var job = await server.Jobs.UpdateJobAsync(
            new()
            {
                Job = new()
                {
                    Id = "job-1",
                    Spec = new() { Priority = 1 },
                },
            }
        );
        Assert.Equal((JobState.Suspended, 1, true), (job.State, job.Spec.Priority, job.Spec.Suspend));
    }

    [Fact]
    public async Task UpdateJob_ValidateOnly_ChangesNothing()
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Running);
        var before = await server.Jobs.GetJobAsync(new() { Id = "job-1" });
        var request = new UpdateJobRequest
        {
            Job = new()
            {
                Id = "job-1",
                Spec = new() { Priority = 7 },
            },
            ValidateOnly = true,
        };
        Assert.Equal(7, (await server.Jobs.UpdateJobAsync(request)).Spec.Priority);
        Assert.Equal(before, await server.Jobs.GetJobAsync(new() { Id = "job-1" }));
    }

    [Fact]
    public async Task UpdateJob_LabelsOfAnEndedJob_Change()
    {
        await using var server = await TestServer.StartAsync();
        await server.AddAsync(JobPhase.Succeeded);
        var job = await server.Jobs.UpdateJobAsync(
            new()
            {
                Job = new() { Id = "job-1", Labels = { ["kept"] = "" } },
            }
        );
        Assert.Equal(["kept"], job.Labels.Keys);
    }

    [Fact]
    public async Task Etag_ChangesWithLabelsAndState_NotWithProgress()
    {
        await using var server = await TestServer.StartAsync();
        var stored = await server.AddAsync(JobPhase.Running);
        var first = (await server.Jobs.GetJobAsync(new() { Id = "job-1" })).Etag;
        await server.Store.SaveAsync("job-1", stored.Record, new() { Step = 5 }, []);
        Assert.Equal(first, (await server.Jobs.GetJobAsync(new() { Id = "job-1" })).Etag);

        Job Wanted() =>
            new()
            {
                Id = "job-1",
                Etag = first,
                Labels = { ["a"] = "b" },
            };
        var second = (await server.Jobs.UpdateJobAsync(new() { Job = Wanted() })).Etag;
        Assert.NotEqual(first, second);
        var stale = await Assert.ThrowsAsync<RpcException>(async () => await server.Jobs.UpdateJobAsync(new() { Job = Wanted() }));
        Assert.Equal(StatusCode.Aborted, stale.StatusCode);
        var cancelled = await server.Jobs.CancelJobAsync(new() { Id = "job-1", Etag = second });
        await Assert.ThrowsAsync<RpcException>(async () => await server.Jobs.DeleteJobAsync(new() { Id = "job-1", Etag = second }));
        await server.Jobs.DeleteJobAsync(new() { Id = "job-1", Etag = cancelled.Etag });
    }

    [Fact]
    public async Task CreateJob_ValidateOnly_MakesNothing()
    {
        await using var server = await TestServer.StartAsync();
        TestDataset.AddTo(server.Data);
        var request = new CreateJobRequest
        {
            Spec = new() { Dataset = new() { Fingerprint = TestDataset.Fingerprint } },
            Labels = { ["team"] = "nlp" },
            ValidateOnly = true,
        };
        var job = await server.Jobs.CreateJobAsync(request);
        Assert.Equal(("", 256, "nlp"), (job.Id, job.Spec.Model.DModel, job.Labels["team"]));
        Assert.Empty((await server.Jobs.ListJobsAsync(new())).Jobs);
        Assert.Empty(server.Control.Created);
    }
}
