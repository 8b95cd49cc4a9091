using TrainingCluster.Coordinator.Membership;
using TrainingCluster.V1;

namespace TrainingCluster.Coordinator.Tests.Membership;

public class RegistrationNewsTests
{
    private static RegisterWorker Registration(Action<RegisterWorker>? change = null)
    {
        var registration = new RegisterWorker
        {
            WorkerId = "a",
            CollectiveAddress = "http://a:1",
            Arithmetic = new Arithmetic { Fingerprint = "f" },
            Running = new RunningJob
            {
                JobId = "job-1",
                Generation = 3,
                HasState = true,
                CompletedStep = 7,
                Training = true,
                Ready = true,
                Spec = new JobSpec(),
            },
        };
        change?.Invoke(registration);
        return registration;
    }

    [Fact]
    public void Tells_AnotherStep_IsNoNews() =>
        Assert.False(RegistrationNews.Tells(Registration(), Registration(r => r.Running.CompletedStep = 8)));

    [Fact]
    public void Tells_WhatWorkMayDependOn_IsNews()
    {
        foreach (
            var change in (Action<RegisterWorker>[])
                [
                    r => r.Running = null,
                    r => r.Running.JobId = "job-2",
                    r => r.Running.Generation = 4,
                    r => r.Running.HasState = false,
                    r => r.Running.Training = false,
                    r => r.Running.Ready = false,
                    r => r.CollectiveAddress = "http://a:2",
                    r => r.Arithmetic.Fingerprint = "g",
                ]
        )
        {
            Assert.True(RegistrationNews.Tells(Registration(), Registration(change)));
            Assert.True(RegistrationNews.Tells(Registration(change), Registration()));
        }
    }
}
